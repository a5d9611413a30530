"""What a model has learned as a file: written of one model, and taken by one whose file says the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from fraudstream.rules.errors import RulesetError
from fraudstream.rules.ruleset import Model
from fraudstream.rules.states import START_FROM
from fraudstream.scorers.config import ModelSpec, build_scorer
from fraudstream.scorers.protocol import LabelScorer, Scorer, ScorerError
from fraudstream.scorers.state_file import Header, Lessons, pack, refuse_pickles, unpack

_SHOWN_CHARS_MAX = 80
_ABSENT = object()
_ALIKE = "export it from a model whose file says the same, or let this one learn anew"


def exported(model: Model, spec: ModelSpec, scorer: Scorer, ruleset: str, fraudstream: str) -> bytes:
    """Return what a model has learned as a file; ScorerError where it cannot be one.

    `ruleset` and `fraudstream` are the versions of the rules and of the program.
    """
    lessons = None
    if isinstance(scorer, LabelScorer):
        genuine, frauds = scorer.learned
        lessons = Lessons(genuine=genuine, frauds=frauds)
    header = Header(
        model=spec.id,
        events_scored=scorer.scored,
        lessons=lessons,
        **_made_of(model, spec),
        ruleset=ruleset,
        fraudstream=fraudstream,
    )
    return pack(header, scorer.snapshot())


def renamed(content: bytes, model: str) -> bytes:
    """Return a file as that of another model; ScorerError where it cannot be read."""
    header, snapshot = unpack(content)
    return content if header.model == model else pack(header.model_copy(update={"model": model}), snapshot)


def taught(model: Model, spec: ModelSpec, content: bytes) -> Scorer:
    """Return a model's scorer with what a file says it has learned; ScorerError where that does not fit."""
    refuse_pickles(spec.estimator.kind)
    header, snapshot = unpack(content)
    if header.model != spec.id:
        remedy = f"import it with `--as {spec.id}` if it is meant for that"
        raise ScorerError(f"is of the model {header.model}, not of {spec.id}: {remedy}")
    _compare(header.made_of, _made_of(model, spec))
    scorer = build_scorer(spec)
    try:
        scorer.restore(snapshot)
    except ScorerError as error:
        raise ScorerError(f"does not fit the model {spec.id} ({error}): {_ALIKE}") from None
    return scorer


def begun(model: Model, spec: ModelSpec) -> Scorer:
    """Return the scorer that a model begins with; RulesetError where its file's state does not fit."""
    if model.start is None:
        return build_scorer(spec)
    try:
        if model.start.content is None:
            remedy = "put it there with `fraudstream model import`, or take the line out"
            raise ScorerError(f"is not there: {remedy}")
        return taught(model, spec, model.start.content)
    except ScorerError as error:
        message = f"start_from: {model.start.name} {error}"
        raise RulesetError([model.file.problem((START_FROM,), message)]) from None


def check_start(model: Model, spec: ModelSpec) -> None:
    """Raise RulesetError where a model cannot start from what its file names."""
    if model.start is not None:
        begun(model, spec)


def _made_of(model: Model, spec: ModelSpec) -> dict[str, Any]:
    """Return what makes the numbers of a state mean what they mean, ready to be written as JSON."""
    own = spec.model_dump(
        mode="json", include={"features", "estimator", "scaler", "seed"}, exclude_defaults=True
    )
    # As they are written: in microseconds nobody would read a window.
    windows = model.file.data.get("windows", {})
    return {**own, "windows": {name: windows[name] for name in windows if name in model.windows_read}}


def _compare(learned: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    names = [list(each["features"]) for each in (learned, wanted)]
    if names[0] != names[1]:
        then, now = map(", ".join, names)
        raise ScorerError(f"has learned the features {then}, the model file has {now}: {_ALIKE}")
    found = _difference(learned, wanted, "")
    if found is not None:
        path, then, now = found
        raise ScorerError(f"was learned with {path} {then}, the model file has {now}: {_ALIKE}")


def _difference(learned: Any, wanted: Any, path: str) -> tuple[str, str, str] | None:
    """Return the first place where two contents differ, and what stands there, None where they are alike."""
    if not (isinstance(learned, Mapping) and isinstance(wanted, Mapping)):
        return None if learned == wanted else (path, _shown(learned), _shown(wanted))
    for key in sorted({*learned, *wanted}):
        below = f"{path}.{key}" if path else key
        found = _difference(learned.get(key, _ABSENT), wanted.get(key, _ABSENT), below)
        if found is not None:
            return found
    return None


def _shown(value: Any) -> str:
    return "none" if value is _ABSENT else orjson.dumps(value).decode()[:_SHOWN_CHARS_MAX]
