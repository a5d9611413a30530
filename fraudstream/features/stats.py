"""What the feature engine holds, by feature: how many entities, how many bytes, and how warm it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fraudstream.features import plan as p
from fraudstream.features import state as s
from fraudstream.features.catalogue import Feature
from fraudstream.features.hashmap import FREE
from fraudstream.features.layout import Layout
from fraudstream.features.state import State

_WORD_BYTES = 8


@dataclass(frozen=True)
class FeatureStats:
    """One feature; what it shares with others is shared out in equal parts.

    Attributes
    ----------
    entities
        How many are kept under the columns by which the feature counts.
    bytes
        Its rows, distinct values, sketches and panes, without the log.
    since_us
        The watermark when it began to count, `plan.NEVER` before the first event.
    warm
        The share of the window (with its offset) that has passed since, 1 where all has; None for a feature
        without a window.
    """

    entities: int
    bytes: float
    since_us: int
    warm: float | None

    def plus(self, other: FeatureStats) -> FeatureStats:
        """Return what two stores hold of the same feature, for different entities."""
        return replace(self, entities=self.entities + other.entities, bytes=self.bytes + other.bytes)


@dataclass(frozen=True)
class StoreStats:
    """All features in their order, the log of events that they share, and all entities of all keys."""

    features: tuple[FeatureStats, ...]
    log_events: int
    log_bytes: int
    entities: int
    bytes: float
    """All that the store holds, the log included."""


def stats_of(features: Sequence[Feature], layout: Layout, state: State) -> StoreStats:
    """Count what the arrays of a store hold, without the room that they have to grow."""
    used = _Used(layout, state)
    log_events = int(state.meta[s.NEXT] - state.meta[s.OLDEST])
    per_event = (state.log.nbytes + state.links.nbytes) / len(state.log)
    log_bytes = round(log_events * per_event) + len(state.ids)
    since_us = int(state.meta[s.BEGAN_US])
    stats = tuple(
        FeatureStats(used.entities(index), used.bytes(index), since_us, _warm(feature, state))
        for index, feature in enumerate(features)
    )
    total = log_bytes + sum(each.bytes for each in stats)
    return StoreStats(stats, log_events, log_bytes, int(state.meta[s.ENTITIES]), total)


def _warm(feature: Feature, state: State) -> float | None:
    if feature.window_us is None:
        return None
    passed_us = int(state.meta[s.WATERMARK_US] - state.meta[s.BEGAN_US])
    return min(1.0, passed_us / (feature.window_us + feature.offset_us))


class _Used:
    """Words and entries of a store, shared out."""

    def __init__(self, layout: Layout, state: State) -> None:
        self._plan = layout.plan
        self._usage = state.usage.tolist()
        cells = layout.plan.features[:, p.FEATURE_CELL : p.FEATURE_SQUARES + 1].tolist()
        self._cells = [[cell for cell in row if cell != p.NIL] for row in cells]
        self._sharers = Counter(cell for row in self._cells for cell in row)
        self._keys = [
            int(layout.plan.readers[row[p.FEATURE_READER], p.READER_KEY]) for row in layout.plan.features
        ]
        taken = max(1, int((state.entities[:, 0] != FREE).sum()))
        self._entity_bytes = state.entities.nbytes / taken
        self._entry_bytes = state.cells.nbytes / max(1, int(state.meta[s.CELL_ENTRIES]))

    def entities(self, index: int) -> int:
        """Return the entities under whose key a feature counts."""
        plan = self._plan
        return int(self._usage[2 * len(plan.cells) + len(plan.groups) + self._keys[index]])

    def bytes(self, index: int) -> float:
        """Return what a feature takes."""
        plan, key = self._plan, self._keys[index]
        entity_bytes = self._entity_bytes + _WORD_BYTES * float(plan.keys[key, p.KEY_WORDS])
        total = self.entities(index) * entity_bytes / self._keys.count(key)
        for cell in self._cells[index]:
            entries, words = self._usage[cell], self._usage[len(plan.cells) + cell]
            total += (entries * self._entry_bytes + words * _WORD_BYTES) / self._sharers[cell]
        group = int(plan.features[index, p.FEATURE_GROUP])
        if group != p.NIL:
            sharers = int((plan.features[:, p.FEATURE_GROUP] == group).sum())
            total += self._usage[2 * len(plan.cells) + group] * _WORD_BYTES / sharers
        return total
