"""Shows what a model read beside what is usual for the entity; only alerts ask for it, and pay for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from fraudstream.engine.privacy.policy import Privacy
from fraudstream.engine.privacy.veils import VeilOf, Veils
from fraudstream.engine.wording import Format, Moment, in_json, in_words
from fraudstream.events.interning import Interner
from fraudstream.rules.binding import Bound
from fraudstream.rules.compile import Compiled
from fraudstream.rules.linked import Linked, link
from fraudstream.rules.usual import BoundUsual
from fraudstream.rules.vectors import Vectors
from fraudstream.rules.view import View
from fraudstream.scorers.protocol import Contribution, Direction


class _Part(NamedTuple):
    """Where a value is, and how it is written."""

    slot: int
    plain: Format
    words: Format

    def written(self, how: Format, moment: Moment) -> Any:
        """Return the value at an event in one of the two ways; None where it has none."""
        value = moment.value(self.slot)
        return None if value is None else how(value, moment)


class _Parts(NamedTuple):
    """What is told of one input; None where the file names no such bound."""

    value: _Part
    low: _Part | None
    high: _Part | None


_Place = tuple[str, str]
"""A model, and an input of it."""


class Usual:
    """What the models of a ruleset say is usual of their inputs, linked once."""

    def __init__(self, bound: Bound, interner: Interner, privacy: Privacy) -> None:
        self._linked = link(bound.usual, interner)
        veils = Veils(privacy, bound.schema)
        self._parts: dict[_Place, _Parts] = {}
        self._hidden: set[_Place] = set()
        for model in bound.models:
            spec, veil_of = model.model.spec, veils.over(model.model.spec.windows)
            self._parts |= {(spec.id, name): _parts(usual, veil_of) for name, usual in model.usual.items()}
            self._hidden |= {(spec.id, name) for name, node in model.model.inputs.items() if veil_of(node)}

    def of(self, view: View) -> UsualOfBatch:
        """Return what is usual of the events of a batch, with nothing computed yet."""
        return UsualOfBatch(self._linked, self._parts, self._hidden, view)


def _parts(usual: BoundUsual, veil_of: VeilOf) -> _Parts:
    low, high = (None if each is None else _part(each, veil_of) for each in (usual.low, usual.high))
    return _Parts(_part(usual.value, veil_of), low, high)


def _part(compiled: Compiled, veil_of: VeilOf) -> _Part:
    veil = veil_of(compiled.node)
    return _Part(compiled.slot, in_json(compiled.type, veil), in_words(compiled.type, veil))


class UsualOfBatch:
    """What is usual of the events of one batch, computed when the first is asked for."""

    def __init__(
        self, linked: Linked, parts: Mapping[_Place, _Parts], hidden: Collection[_Place], view: View
    ) -> None:
        self._linked = linked
        self._parts = parts
        self._hidden = hidden
        self._view = view
        self._told: list[int] = []

    def expect(self, events: Iterable[int]) -> None:
        """Name the events that may be asked for from now on: the first question computes them all at once."""
        self._told = list(events)
        self.__dict__.pop("_vectors", None)

    @cached_property
    def _vectors(self) -> Vectors:
        vectors = Vectors(self._linked, self._linked.inputs(self._view))
        vectors.keep(self._told)
        return vectors

    def described(self, model: str, found: Contribution, event: int) -> dict[str, Any]:
        """Return a contribution to a model's score of an event, ready to be written as JSON."""
        parts = self._parts.get((model, found.feature))
        usual = None
        if parts is not None:
            moment = self._moment(event)
            usual = {
                name: part and part.written(part.plain, moment) for name, part in parts._asdict().items()
            }
        return {
            "feature": found.feature,
            "contribution": found.contribution,
            "value": None if (model, found.feature) in self._hidden else found.value,
            "direction": found.direction,
            "usual": usual,
        }

    def in_words(self, model: str, found: Contribution, event: int) -> str:
        """Say of a contribution what raised the score, e.g. `amount (high: 950, usually 12 to 80)`."""
        parts = self._parts.get((model, found.feature))
        told = str(found.direction)
        if parts is not None:
            moment = self._moment(event)
            value, low, high = (part and part.written(part.words, moment) for part in parts)
            # What is shown may be known where the input is not: then the input was the reason, not this.
            told += f": {value}" if value is not None and found.direction is not Direction.MISSING else ""
            told += _range(low, high)
        return f"{found.feature} ({told})"

    def _moment(self, event: int) -> Moment:
        batch = self._view.batch
        return Moment(self._vectors, event, batch.text("currency", event), batch.texts.text)


def _range(low: str | None, high: str | None) -> str:
    if low is None:
        return "" if high is None else f", usually up to {high}"
    return f", usually from {low}" if high is None else f", usually {low} to {high}"
