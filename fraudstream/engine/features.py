"""The feature stage: what counts is computed, the windows are walked, and rules read the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from fraudstream.features.catalogue import Limits
from fraudstream.features.state import Arrivals, Frame
from fraudstream.features.store import FeatureStore
from fraudstream.rules.binding import Bound
from fraudstream.rules.scope import Scope
from fraudstream.rules.vectors import Truth
from fraudstream.rules.view import View


class FeatureStage:
    """Walks batches through the feature store."""

    def __init__(self, bound: Bound, limits: Limits) -> None:
        self.store = FeatureStore(bound.features, bound.schema, limits)
        self._bound = bound
        layout = self.store.layout
        self._where_slots = [bound.conditions[where].slot for where in layout.wheres]  # type: ignore[index]
        scope = Scope(bound.schema, bound.ruleset.rates.currencies)
        symbols = [scope.find(name) for name in layout.given]
        self._given = [symbol.read for symbol in symbols if symbol is not None]

    def advance(self, view: View) -> Frame:
        """Count the events of a batch and put every feature's values into the view."""
        batch = view.batch
        vectors = self._bound.before.run(view)
        wheres = np.empty((len(self._where_slots), len(view)), np.bool_)
        for row, slot in enumerate(self._where_slots):
            wheres[row] = cast(Truth, vectors[slot]).true
        given = np.empty((len(self._given), len(view)), np.int64)
        given_known = np.empty(given.shape, np.bool_)
        for row, read in enumerate(self._given):
            values = read(view)
            given[row], given_known[row] = values.data, values.known
        arrivals = Arrivals(
            batch.time_us,
            batch.codes,
            batch.ints,
            batch.ints_known,
            batch.floats,
            batch.floats_known,
            batch.ids.ends,
            batch.ids.data,
            wheres,
            given,
            given_known,
        )
        view.frame = self.store.advance(arrivals)
        return view.frame

    def contributing_ids(self, features: Sequence[int], frame: Frame, event: int, at_most: int) -> list[str]:
        """Return the newest events that some features counted at one event, each once."""
        found: dict[str, None] = {}
        for index in features:
            found.update(dict.fromkeys(self.store.contributing_ids(index, frame, event, at_most)))
        return list(found)[:at_most]
