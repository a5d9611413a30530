"""Files of what a model has learned: put into a rule directory whole, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from fraudstream.engine.model_states import renamed, taught
from fraudstream.engine.models import spec_of
from fraudstream.rules.errors import did_you_mean
from fraudstream.rules.ruleset import Model, build_ruleset
from fraudstream.rules.states import START_FROM, STATE_SUFFIX
from fraudstream.scorers.protocol import ScorerError
from fraudstream.scorers.state_file import STATE_BYTES_MAX, Header, unpack
from fraudstream.stores.rule_directory import read_files
from fraudstream.stores.whole_file import write_whole


class Imported(NamedTuple):
    """What was put into a rule directory."""

    header: Header
    state: Path
    model_file: Path
    line: str | None
    """What the model file still lacks; None where it names the state."""


def import_state(source: Path, rules: Path, model: str | None = None) -> Imported:
    """Copy a state into a rule directory, for the model that it is of or another; see `Imported`.

    What does not fit changes nothing: ScorerError, RulesetError where the rules themselves are faulty,
    OSError where a file cannot be read or written.
    """
    content = _read(source)
    try:
        header, _ = unpack(content)
        owner = _model(build_ruleset(read_files(rules)).models, model or header.model, rules)
        content = renamed(content, owner.spec.id)
        taught(owner, spec_of(owner), content)
    except ScorerError as error:
        raise ScorerError(f"{source} {error}") from None
    file = PurePosixPath(owner.file.name)
    named = owner.start.name if owner.start else (file.parent / f"{owner.spec.id}{STATE_SUFFIX}").as_posix()
    state = rules / named
    state.parent.mkdir(parents=True, exist_ok=True)
    write_whole(state, content)
    line = None if owner.start else f"{START_FROM}: {state.name}"
    return Imported(header, state, rules / file, line)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        # A byte too many is told of as what it is.
        return file.read(STATE_BYTES_MAX + 1)


def _model(models: Sequence[Model], wanted: str, rules: Path) -> Model:
    for model in models:
        if model.spec.id == wanted:
            return model
    known = [model.spec.id for model in models]
    remedy = did_you_mean(wanted, known) or f"known are {', '.join(known) or 'none'}"
    raise ScorerError(f"is for the model {wanted}, which {rules} does not have: name one by --as; {remedy}")
