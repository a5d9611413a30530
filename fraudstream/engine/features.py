"""The feature stage: what counts is computed, the windows are walked, and rules read the result."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import numpy as np

from fraudstream.engine.generations import Features, Generation, places_of
from fraudstream.events.interning import Interner
from fraudstream.features.state import Frame
from fraudstream.features.store import FeatureStore
from fraudstream.rules.binding import Bound
from fraudstream.rules.linked import link
from fraudstream.rules.view import View


class FeatureStage:
    """Walks batches through the feature stores, and puts their features in the order of the ruleset."""

    def __init__(self, bound: Bound, interner: Interner, stores: Sequence[FeatureStore]) -> None:
        self.stores = tuple(stores)
        # A copy: the same bound ruleset may be put in force again, over other stores.
        program = deepcopy(bound.before)
        self._generations = [Generation(store, bound, program) for store in self.stores]
        self._before = link(program, interner)
        self.places = places_of(bound, self.stores)
        starts = np.cumsum([0, *(len(store.features) for store in self.stores)])
        order = [starts[generation] + index for generation, index in self.places]
        self._order = None if order == list(range(int(starts[-1]))) else np.array(order, np.intp)

    def advance(self, view: View) -> Features:
        """Count the events of a batch and put every feature's values into the view."""
        found = self._before.run(self._before.inputs(view))
        frames = tuple([each.advance(view.batch, found) for each in self._generations])
        view.features = features = self._in_order(frames)
        return features

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
        return max(store.memory_us for store in self.stores)

    @property
    def round_started_us(self) -> int:
        """The watermark by which every store has let go of the entities that were idle for good then."""
        return min(store.round_started_us for store in self.stores)

    def contributing_ids(
        self, asked: Sequence[tuple[Sequence[int], int]], features: Features, at_most: int
    ) -> list[list[str]]:
        """Return for each (features, event of the batch) the newest events that they counted, each once."""
        pairs = [(self.places[feature], event) for indexes, event in asked for feature in indexes]
        found: dict[tuple[tuple[int, int], int], list[str]] = {}
        for generation, store in enumerate(self.stores):
            mine = list(dict.fromkeys(pair for pair in pairs if pair[0][0] == generation))
            questions = [(place[1], event) for place, event in mine]
            ids = store.contributing_ids(questions, features.frames[generation], at_most)
            found.update(zip(mine, ids, strict=True))
        return [
            list(dict.fromkeys(name for each in indexes for name in found[self.places[each], event]))[
                :at_most
            ]
            for indexes, event in asked
        ]
