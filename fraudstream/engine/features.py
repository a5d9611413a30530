"""The feature stage: what counts is computed, the windows are walked, and rules read the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.schema import ColumnType
from fraudstream.features.catalogue import Aggregate
from fraudstream.features.floats import sortable, unsortable
from fraudstream.features.layout import Mask
from fraudstream.features.store import FeatureStore
from fraudstream.features.windows import Arrivals, Frame
from fraudstream.rules.binding import Bound
from fraudstream.rules.scope import Scope
from fraudstream.rules.vectors import ALWAYS, Truth, Values, Vector
from fraudstream.rules.view import View

_SORTED = (Aggregate.MIN, Aggregate.MAX, Aggregate.LAST)


class FeatureStage:
    """Walks batches through the feature store."""

    def __init__(self, bound: Bound, lateness_us: int) -> None:
        self._bound = bound
        self._store = FeatureStore(bound.features, lateness_us)
        self._scope = Scope(bound.schema, bound.ruleset.rates.currencies)
        self._floats = {column.name for column in bound.schema.columns if column.type is ColumnType.NUMBER}

    def advance(self, view: View) -> Frame:
        """Count the events of a batch and put every feature's values into the view."""
        layout = self._store.layout
        events = len(view)
        vectors = self._bound.before.run(view)
        codes = np.empty((events, len(layout.columns)), np.int32)
        for index, name in enumerate(layout.columns):
            codes[:, index] = view.text(name).data
        masks = np.empty((events, len(layout.masks)), np.bool_)
        for index, mask in enumerate(layout.masks):
            masks[:, index] = self._mask(mask, vectors, view)
        values = np.empty((events, len(layout.values)), np.int64)
        for index, name in enumerate(layout.values):
            values[:, index] = self._integers(name, view)
        ids = view.batch.ids.all()
        frame = self._store.advance(ids, Arrivals(codes, view.batch.time_us, masks, values))
        for index in range(len(self._bound.features)):
            view.features[index] = self._values(index, frame)
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

    def _mask(self, mask: Mask, vectors: Sequence[Vector], view: View) -> NDArray[np.bool_]:
        wanted = np.ones(len(view), np.bool_)
        if mask.where is not None:
            condition = self._bound.conditions[mask.where]  # type: ignore[index]
            wanted &= cast(Truth, vectors[condition.slot]).true
        if mask.value is not None:
            known = self._read(mask.value, view).known
            wanted &= True if known is ALWAYS else known
        return wanted

    def _read(self, name: str, view: View) -> Values:
        symbol = self._scope.find(name)
        assert symbol is not None, f"{name} was checked when the ruleset was bound"
        return symbol.read(view)

    def _integers(self, name: str, view: View) -> NDArray[np.int64]:
        data = self._read(name, view).data
        return sortable(data.astype(np.float64)) if name in self._floats else data.astype(np.int64)

    def _values(self, index: int, frame: Frame) -> Values:
        feature = self._bound.features[index]
        data, known = self._store.column(index, frame)
        if feature.value in self._floats and feature.aggregate in _SORTED:
            data = unsortable(cast(NDArray[np.int64], data))
        return Values(data, known)
