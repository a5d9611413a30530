"""The feature engine: holds the windows of all entities and walks batches through them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.batch import Ids
from fraudstream.events.schema import Schema
from fraudstream.features import advance as walk
from fraudstream.features import evidence as e
from fraudstream.features import plan as p
from fraudstream.features import state as s
from fraudstream.features.catalogue import Feature, Limits
from fraudstream.features.evidence import Named
from fraudstream.features.hashmap import empty, grown
from fraudstream.features.layout import Layout, lay_out
from fraudstream.features.snapshots import snapshot_of, state_of
from fraudstream.features.state import Arrivals, Frame, State
from fraudstream.features.stats import StoreStats, stats_of
from fraudstream.features.tables import TABLE_KINDS

_T = TypeVar("_T", bound=np.generic)
_EVENTS_AT_START = 1_024
_WORDS_AT_START = 4_096


class FeatureStore:
    """Computes a fixed list of features over a stream of batches; the same whatever the batches."""

    def __init__(
        self,
        features: Sequence[Feature],
        schema: Schema,
        limits: Limits | None = None,
        *,
        gated: bool = False,
    ) -> None:
        self.features = tuple(features)
        self.limits = limits or Limits()
        self.layout: Layout = lay_out(self.features, schema, self.limits, gated=gated)
        self._state = empty_state(self.layout)
        self._evidence = _evidence_table(self.features, self.layout)
        self.entities_forgotten = 0
        """How many entities were let go since this object was made, as no window can reach them any more."""
        self.events_forgotten = 0
        """Likewise how many events have left the log."""

    def begin(self, watermark_us: int) -> None:
        """Let the store begin in mid-stream, where the greatest event time so far is this."""
        self._state.meta[s.WATERMARK_US] = watermark_us
        self._state.meta[s.BEGAN_US] = watermark_us

    def date(self, since_us: int) -> None:
        """Let what it holds count as what has happened since a time."""
        self._state.meta[s.BEGAN_US] = since_us

    def advance(self, arrivals: Arrivals, watermark_us: NDArray[np.int64] | None = None) -> Frame:
        """Count n events in stream order and read every feature at each of them.

        Where they are a part of a stream, `watermark_us` [n] is that of the whole.
        """
        watermark_us = arrivals.time_us if watermark_us is None else watermark_us
        plan = self.layout.plan
        events = len(arrivals.time_us)
        frame = empty_frame(plan, events)
        self._tidy(events)
        done = walk.advance(self._state, plan, arrivals, watermark_us, frame, 0)
        while done < events:
            self._make_room(arrivals, done)
            done = walk.advance(self._state, plan, arrivals, watermark_us, frame, done)
        return frame

    def _tidy(self, events: int) -> None:
        """Let go of what no window can reach any more."""
        meta = self._state.meta
        entities, oldest = int(meta[s.ENTITIES]), int(meta[s.OLDEST])
        # A kernel of its own, so that it can be compiled beside the other.
        walk.tidy(self._state, self.layout.plan, events)
        self.entities_forgotten += entities - int(meta[s.ENTITIES])
        self.events_forgotten += int(meta[s.OLDEST]) - oldest

    def contributing(self, asked: NDArray[np.int64], frame: Frame, at_most: int) -> Named:
        """Return for each (feature, event of the last batch) of int64 [k, 2] the newest events it counted.

        Features without a window name none; nor do long windows, which keep panes and no events.
        """
        state = self._state
        found = np.empty((len(asked), at_most), np.int64)
        counts = np.empty(len(asked), np.int64)
        following, lap = int(state.meta[s.NEXT]), int(state.meta[s.LAP])
        log = e.Log(state.log, state.links, state.words, following, lap)
        e.contributors(log, self._evidence, frame, asked, found, counts)
        filled = np.arange(at_most) < counts[:, None]
        # Features of one key name much the same events.
        events, places = np.unique(found[filled], return_inverse=True)
        numbers = np.full(found.shape, p.NIL, np.int32)
        numbers[filled] = places
        used = int(state.meta[s.IDS_USED])
        return Named(Ids(*e.ids_in(state.log, state.ids, events, following, lap, used)), numbers)

    def stats(self) -> StoreStats:
        """Return what each feature holds, and how warm it is."""
        return stats_of(self.features, self.layout, self._state)

    def snapshot(self) -> dict[str, Any]:
        """Return the whole state, between two batches."""
        return snapshot_of(self.layout, self._state)

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Go on from a snapshot; FeatureError where it belongs to other features."""
        self._state = state_of(self.layout, snapshot)

    @property
    def watermark_us(self) -> int:
        """The greatest event time so far, `plan.NEVER` before the first event."""
        return int(self._state.meta[s.WATERMARK_US])

    @property
    def round_started_us(self) -> int:
        """The watermark at which the last complete round through all entities began.

        Every entity that was idle for good by then is forgotten.
        """
        return int(self._state.meta[s.ROUND_DONE_US])

    @property
    def memory_us(self) -> int:
        """How long after its event a text code can still be read: by then its entities are idle for good.

        A code whose last event lies before `round_started_us - memory_us` is named nowhere any more.
        """
        plan = self.layout.plan
        kinds = set(plan.cells[:, p.CELL_KIND].tolist())
        ever = self.limits.ever_us if kinds & {p.LAST, p.FIRST} else 0
        panes = [
            group[p.GROUP_WINDOW_US] + group[p.GROUP_OFFSET_US] + 2 * group[p.GROUP_PANE_US]
            for group in plan.groups.tolist()
            if group[p.GROUP_PANE_US]
        ]
        return int(plan.limits[p.RETENTION_US]) + max(ever, max(panes, default=0))

    def _make_room(self, arrivals: Arrivals, event: int) -> None:
        """Enlarge whatever was too small for one event, so that the walk gets at least one event on."""
        state, limits = self._state, self.layout.plan.limits
        meta = state.meta
        used, entries = int(meta[s.WORDS_USED]), int(meta[s.CELL_ENTRIES])
        words_wanted = used + int(limits[p.EVENT_WORDS])
        entities_wanted = int(meta[s.ENTITIES]) + len(self.layout.keys)
        # A window on its way can need more entries than one event; then this is called again.
        entries_wanted = entries + 2 * int(limits[p.EVENT_ENTRIES])
        log, links = _longer_ring(state)
        starts = arrivals.id_ends[event - 1] if event else 0
        held = used_ids(state) + int(arrivals.id_ends[event] - starts)
        self._state = state._replace(
            words=_longer(state.words, words_wanted),
            entities=grown(state.entities, entities_wanted),
            cells=grown(state.cells, entries_wanted),
            log=log,
            links=links,
            ids=_longer_ids(state, held),
        )


def _evidence_table(features: Sequence[Feature], layout: Layout) -> NDArray[np.int64]:
    """Return how `contributors` finds what each feature counted."""
    plan = layout.plan
    table = np.zeros((len(features), e.CURRENT + 1), np.int64)
    for row, feature, placed in zip(table, features, plan.features, strict=True):
        group = placed[p.FEATURE_GROUP]
        row[e.READER] = placed[p.FEATURE_READER]
        row[e.KEY] = plan.readers[placed[p.FEATURE_READER], p.READER_KEY]
        row[e.MASK] = plan.cells[placed[p.FEATURE_CELL], p.CELL_MASK]
        exact = group >= 0 and not plan.groups[group, p.GROUP_PANE_US]
        row[e.WINDOW_US] = feature.window_us or 0 if exact else 0
        row[e.OFFSET_US], row[e.CURRENT] = feature.offset_us, feature.include_current
    return table


def used_ids(state: State) -> int:
    """Return the bytes of all ids in the log."""
    return int(state.meta[s.IDS_USED]) - int(walk.ids_start(state))


def _longer(array: NDArray[_T], length: int) -> NDArray[_T]:
    if length <= len(array):
        return array
    larger = np.empty(max(length, len(array) + len(array) // 4), array.dtype)
    larger[: len(array)] = array
    return larger


def _places(state: State, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the places of events in the ring, as `place_in` does."""
    ahead = (numbers - int(state.meta[s.LAP])) & s.NUMBERS
    return np.where(ahead >= s.EVENTS_MAX, ahead + (len(state.log) - s.NUMBERS - 1), ahead)


def _longer_ring(state: State) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the log with room for an event, an eighth longer where it was full, from the oldest on."""
    oldest, following, ring = int(state.meta[s.OLDEST]), int(state.meta[s.NEXT]), len(state.log)
    if following - oldest < ring:
        return state.log, state.links
    longer = ring + max(1, ring // 8)
    if longer > s.EVENTS_MAX:
        raise OverflowError(f"the exact windows hold {ring} events, the most there can be: shorten them")
    places = _places(state, np.arange(oldest, following))
    log = np.zeros((longer, state.log.shape[1]), np.int64)
    links = np.zeros((longer, state.links.shape[1]), np.int32)
    log[:ring] = state.log[places]
    links[:ring] = state.links[places]
    state.meta[s.LAP] = oldest
    return log, links


def _longer_ids(state: State, wanted: int) -> NDArray[np.uint8]:
    ring = len(state.ids)
    if wanted <= ring:
        return state.ids
    larger = ring
    while larger < wanted:
        larger *= 2
    places = np.arange(int(walk.ids_start(state)), int(state.meta[s.IDS_USED]))
    ids = np.zeros(larger, np.uint8)
    ids[places & (larger - 1)] = state.ids[places & (ring - 1)]
    return ids


def empty_frame(plan: p.Plan, events: int) -> Frame:
    """Return a frame for n events, to be filled."""
    features, readers = len(plan.features), len(plan.readers)
    return Frame(
        np.empty((features, events), np.int64),
        np.empty((features, events), np.float64),
        np.empty((features, events), np.bool_),
        np.empty(events, np.int8),
        np.empty(events, np.int64),
        np.empty((readers, events), np.int64),
        np.empty(events, np.int64),
        np.empty(events, np.int64),
    )


def empty_state(layout: Layout) -> State:
    """Return the memory of a store that has seen nothing."""
    keys, groups, cells = len(layout.keys), len(layout.groups), len(layout.cells)
    mask_words = layout.plan.key_masks.shape[1]
    meta = np.zeros(s.META_WORDS + keys, np.int64)
    meta[[s.WATERMARK_US, s.BEGAN_US, s.ROUND_US, s.ROUND_DONE_US]] = p.NEVER
    meta[s.MASK_WORDS] = mask_words
    return State(
        meta=meta,
        words=np.empty(_WORDS_AT_START, np.int64),
        free=np.full(keys + groups + 1 + TABLE_KINDS, p.NIL, np.int64),
        usage=np.zeros(2 * cells + groups + keys, np.int64),
        entities=empty(1_024),
        cells=empty(1_024),
        log=np.zeros((_EVENTS_AT_START, s.MASKS + mask_words + len(layout.values)), np.int64),
        links=np.zeros((_EVENTS_AT_START, s.LINKS * keys), np.int32),
        ids=np.zeros(16 * _EVENTS_AT_START, np.uint8),
    )
