"""The feature stage: what counts is computed, the windows are walked, and rules read the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.interning import Interner
from fraudstream.events.schema import ColumnType
from fraudstream.features.catalogue import Aggregate
from fraudstream.features.floats import sortable, unsortable
from fraudstream.features.store import FeatureStore
from fraudstream.features.windows import Arrivals, Frame
from fraudstream.rules.binding import Bound
from fraudstream.rules.linked import link
from fraudstream.rules.program import Register
from fraudstream.rules.view import View

_SORTED = (Aggregate.MIN, Aggregate.MAX, Aggregate.LAST)


class _Values(NamedTuple):
    """The values of all features as programs read them."""

    ints: NDArray[np.int64]
    floats: NDArray[np.float64]
    known: NDArray[np.bool_]


class FeatureStage:
    """Walks batches through the feature store."""

    def __init__(self, bound: Bound, interner: Interner, lateness_us: int) -> None:
        self._bound = bound
        self._store = FeatureStore(bound.features, lateness_us)
        self._floats = {column.name for column in bound.schema.columns if column.type is ColumnType.NUMBER}
        for mask in self._store.layout.masks:
            condition = None if mask.where is None else bound.conditions[mask.where]  # type: ignore[index]
            wanted = None if condition is None else bound.before.registers[condition.slot]
            bound.before.emit_mask(wanted, None if mask.value is None else self._read(mask.value))
        for name in self._store.layout.values:
            if name not in self._floats:
                bound.before.emit_whole(self._read(name))
        self._before = link(bound.before, interner)

    def advance(self, view: View) -> Frame:
        """Count the events of a batch and put every feature's values into the view."""
        layout = self._store.layout
        events = len(view)
        found = self._before.run(self._before.inputs(view))
        codes = np.empty((events, len(layout.columns)), np.int32)
        for index, name in enumerate(layout.columns):
            codes[:, index] = view.batch.code(name)
        values = np.empty((events, len(layout.values)), np.int64)
        column = 0
        for index, name in enumerate(layout.values):
            if name in self._floats:
                values[:, index] = sortable(view.batch.floats[view.batch.schema.row_of[name]])
            else:
                values[:, index] = found.wholes[:, column]
                column += 1
        ids = view.batch.ids.all()
        frame = self._store.advance(ids, Arrivals(codes, view.batch.time_us, found.masks, values))
        view.features = self._values(frame, events)
        return frame

    def contributing_ids(
        self, asked: Sequence[tuple[Sequence[int], int]], frame: Frame, at_most: int
    ) -> list[list[str]]:
        """Return for each (features, event of the batch) the newest events that they counted, each once."""
        pairs = [(feature, event) for features, event in asked for feature in features]
        found = iter(self._store.contributing_ids(pairs, frame, at_most))
        ids = []
        for features, _ in asked:
            different = dict.fromkeys(identity for _ in features for identity in next(found))
            ids.append(list(different)[:at_most])
        return ids

    def _read(self, name: str) -> Register:
        symbol = self._bound.scope.find(name)
        assert symbol is not None, f"{name} was checked when the ruleset was bound"
        return symbol.read(self._bound.before)

    def _values(self, frame: Frame, events: int) -> _Values:
        shape = (len(self._bound.features), events)
        values = _Values(np.zeros(shape, np.int64), np.zeros(shape), np.zeros(shape, np.bool_))
        for index, feature in enumerate(self._bound.features):
            data, values.known[index] = self._store.column(index, frame)
            if feature.value in self._floats and feature.aggregate in _SORTED:
                data = unsortable(cast(NDArray[np.int64], data))
            (values.floats if self._bound.is_float(index) else values.ints)[index] = data
        return values
