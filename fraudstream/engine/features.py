"""The feature stage: what counts is computed, the windows are walked, and rules read the result."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, islice

from fraudstream.events.interning import Interner
from fraudstream.features.catalogue import Limits
from fraudstream.features.state import Arrivals, Frame
from fraudstream.features.store import FeatureStore
from fraudstream.rules.binding import Bound
from fraudstream.rules.linked import link
from fraudstream.rules.program import Register
from fraudstream.rules.view import View


class FeatureStage:
    """Walks batches through the feature store."""

    def __init__(self, bound: Bound, interner: Interner, limits: Limits) -> None:
        self.store = FeatureStore(bound.features, bound.schema, limits)
        self._bound = bound
        layout, before = self.store.layout, bound.before
        for where in layout.wheres:
            condition = bound.conditions[where]  # type: ignore[index]
            before.emit_mask(before.registers[condition.slot], None)
        for name in layout.given:
            before.emit_mask(None, self._read(name))
            before.emit_whole(self._read(name))
        self._before = link(before, interner)

    def advance(self, view: View) -> Frame:
        """Count the events of a batch and put every feature's values into the view."""
        batch = view.batch
        found = self._before.run(self._before.inputs(view))
        wheres = len(self.store.layout.wheres)
        arrivals = Arrivals(
            batch.time_us,
            batch.codes,
            batch.ints,
            batch.ints_known,
            batch.floats,
            batch.floats_known,
            batch.ids.ends,
            batch.ids.data,
            found.masks[:wheres],
            found.wholes,
            found.masks[wheres:],
        )
        view.features = frame = self.store.advance(arrivals)
        return frame

    def contributing_ids(
        self, asked: Sequence[tuple[Sequence[int], int]], frame: Frame, at_most: int
    ) -> list[list[str]]:
        """Return for each (features, event of the batch) the newest events that they counted, each once."""
        pairs = [(feature, event) for features, event in asked for feature in features]
        found = iter(self.store.contributing_ids(pairs, frame, at_most))
        ids = []
        for features, _ in asked:
            different = dict.fromkeys(chain.from_iterable(islice(found, len(features))))
            ids.append(list(different)[:at_most])
        return ids

    def _read(self, name: str) -> Register:
        symbol = self._bound.scope.find(name)
        assert symbol is not None, f"{name} was checked when the ruleset was bound"
        return symbol.read(self._bound.before)
