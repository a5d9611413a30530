"""The feature stage: what counts is computed, the windows are walked, and rules read the result."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.gating import Gate
from fraudstream.engine.generations import Features, Generation, places_of
from fraudstream.engine.watermark import Tide
from fraudstream.events.batch import EventBatch, Ids
from fraudstream.events.interning import Interner
from fraudstream.features.evidence import Named
from fraudstream.features.state import Frame
from fraudstream.features.store import FeatureStore
from fraudstream.rules.binding import Bound
from fraudstream.rules.linked import link
from fraudstream.rules.view import View


class FeatureSource(Protocol):
    """Gives the values of all features of a ruleset, and which events they counted."""

    def advance(self, view: View, tide: Tide) -> Features:
        """Put the values of every feature at each event of a batch into the view, and return them."""

    def named(self, places: NDArray[np.int64], features: Features, at_most: int) -> Named:
        """Return for each (feature, event of the batch) of int64 [k, 2] the newest events that it counted."""


class FeatureStage:
    """Walks batches through the feature stores, and puts their features in the order of the ruleset."""

    def __init__(
        self, bound: Bound, interner: Interner, stores: Sequence[FeatureStore], labels_wait_us: int = 0
    ) -> None:
        self.stores = tuple(stores)
        self._labels_wait_us = labels_wait_us
        # A copy: the same bound ruleset may be put in force again, over other stores.
        program = deepcopy(bound.before)
        self._generations = [Generation(store, bound, program) for store in self.stores]
        self._before = link(program, interner)
        self.places = places_of(bound, self.stores)
        starts = np.cumsum([0, *(len(store.features) for store in self.stores)])
        order = [starts[generation] + index for generation, index in self.places]
        self._order = None if order == list(range(int(starts[-1]))) else np.array(order, np.intp)

    def advance(self, view: View, tide: Tide) -> Features:
        """Count the events of a batch and put every feature's values into the view."""
        return self.advance_part(view, tide.running_us, None)

    def advance_part(self, view: View, watermark_us: NDArray[np.int64], gate: Gate | None) -> Features:
        """Do so for a part of a batch, with the watermark [n] of the whole, under some of the keys."""
        found = self._before.run(self._before.inputs(view))
        frames = tuple([each.advance(view.batch, found, watermark_us, gate) for each in self._generations])
        view.features = features = self._in_order(frames)
        return features

    @property
    def label_columns(self) -> tuple[str, ...]:
        """The columns whose values must be known again when the label of an event comes."""
        counting = [feature for store in self.stores for feature in store.features if feature.of_labels]
        return tuple(dict.fromkeys(column for feature in counting for column in feature.by))

    def learn(self, batch: EventBatch, fraud: NDArray[np.bool_]) -> None:
        """Count labelled events, dated when their labels became known."""
        for generation in self._generations:
            if generation.of_labels:
                generation.learn(batch, fraud)

    def _in_order(self, frames: tuple[Frame, ...]) -> Features:
        first = frames[0]
        ints, floats, known = first.ints, first.floats, first.known
        if len(frames) > 1:
            ints = np.concatenate([frame.ints for frame in frames])
            floats = np.concatenate([frame.floats for frame in frames])
            known = np.concatenate([frame.known for frame in frames])
        if self._order is not None:
            ints, floats, known = ints[self._order], floats[self._order], known[self._order]
        return Features(ints, floats, known, first.lateness, frames)

    @property
    def memory_us(self) -> int:
        """How long after its event a text code may still be named by some store."""
        # A label comes later than its event by as much as it may wait.
        waits = [self._labels_wait_us if each.of_labels else 0 for each in self._generations]
        return max(store.memory_us + wait_us for store, wait_us in zip(self.stores, waits, strict=True))

    @property
    def round_started_us(self) -> int:
        """The watermark by which every store has let go of the entities that were idle for good then."""
        return min(store.round_started_us for store in self.stores)

    def named(self, places: NDArray[np.int64], features: Features, at_most: int) -> Named:
        """Return for each (feature, event of the batch) of int64 [k, 2] the newest events that it counted."""
        ids = Ids.of([])
        numbers = np.full((len(places), at_most), -1, np.int32)
        where = np.array(self.places, np.int64).reshape(-1, 2)[places[:, 0]]
        for generation, store in enumerate(self.stores):
            mine = np.flatnonzero(where[:, 0] == generation)
            asked = np.column_stack([where[mine, 1], places[mine, 1]])
            found = store.contributing(asked, features.frames[generation], at_most)
            numbers[mine] = np.where(found.numbers < 0, -1, found.numbers + np.int32(len(ids)))
            ids = ids.followed_by(found.ids)
        named = Named(ids, numbers)
        return named if len(self.stores) == 1 else named.without_repetitions()
