"""What can be told of the models that scored an event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fraudstream.engine.models import spec_of
from fraudstream.rules.ruleset import Model, Ruleset
from fraudstream.workbench.casefile.schema import ModelPart, Raised, Word
from fraudstream.workbench.casefile.speaker import Speaker


def model_parts(
    scored: list[Mapping[str, Any]], ruleset: Ruleset | None, speaker: Speaker
) -> tuple[list[ModelPart], list[Word]]:
    """Return the models that scored, and what cannot be told of them."""
    known = {} if ruleset is None else {model.spec.id: model for model in ruleset.models}
    parts = [_part(each, known.get(each["id"]), speaker) for each in scored]
    return parts, [gap for part in parts for gap in _gaps(part, speaker)]


def _part(scored: Mapping[str, Any], model: Model | None, speaker: Speaker) -> ModelPart:
    return ModelPart(
        id=scored["id"],
        title=None if model is None else speaker.model(model.spec.id, model.spec.title),
        kind=None if model is None else spec_of(model).estimator.kind,
        score=scored["score"],
        raw_score=scored["raw_score"],
        raised_by=[Raised(**each, text=contribution_text(each, speaker)) for each in scored["contributions"]],
    )


def _gaps(part: ModelPart, speaker: Speaker) -> Iterator[Word]:
    unusual = [each.feature for each in part.raised_by if each.usual is None]
    if unusual:
        text = speaker.say("no_usual", features=", ".join(unusual), model=part.id)
        yield Word(code="no_usual", text=text)
    yield Word(code="learned", text=speaker.say("learned", model=part.id))


def contribution_text(found: Mapping[str, Any], speaker: Speaker) -> str:
    """Say what a feature of an alert showed, e.g. `amount (high: 950.00, usually 12.00 to 80.00)`."""
    usual = found["usual"]
    words = speaker.word("direction", found["direction"]).text
    if usual is not None and usual["value"] is not None and found["direction"] != "missing":
        words += speaker.say("usual.value", value=usual["value"])
    if span := speaker.usual(usual):
        words += speaker.say("usual.span", span=span)
    return speaker.say("usual.of", feature=found["feature"], words=words)
