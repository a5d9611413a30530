"""The feature engine: holds the windows of all entities and walks batches through them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fraudstream.features import advance as walk
from fraudstream.features import evidence, windows
from fraudstream.features.catalogue import Aggregate, Feature
from fraudstream.features.hashmap import empty, grown
from fraudstream.features.layout import KEY_COLUMNS_MAX, Layout, lay_out
from fraudstream.features.windows import NIL, Arrivals, Frame, State

_T = TypeVar("_T", bound=np.generic)
_EVENTS_AT_START = 1_024


class FeatureStore:
    """Computes a fixed list of features over a stream of batches; exact, whatever the batches."""

    def __init__(self, features: Sequence[Feature], lateness_us: int) -> None:
        self.features = tuple(features)
        self.layout: Layout = lay_out(self.features, lateness_us)
        self._state = _empty_state(self.layout)
        self._evidence = _evidence_table(self.features, self.layout)
        self._event_ids: list[str] = [""] * _EVENTS_AT_START

    def advance(self, ids: Sequence[str | None], arrivals: Arrivals) -> Frame:
        """Count n events in stream order and read every feature at each of them.

        The columns of the arrivals are those that the layout names.
        """
        plan = self.layout.plan
        walk.retire_all(self._state, plan)
        masks = arrivals.masks
        self._make_room(len(ids), int((masks @ plan.mask_distincts).sum()) if masks.size else 0)
        frame = _empty_frame(arrivals.time_us, len(plan.read_cell), len(plan.reader_of))
        newest = int(self._state.meta[windows.NEWEST])
        walk.advance(self._state, plan, arrivals, frame)
        self._name_events(newest, ids, frame)
        return frame

    def _name_events(self, newest: int, ids: Sequence[str | None], frame: Frame) -> None:
        """Keep the id of each event that took a place in the log."""
        state = self._state
        event = int(state.meta[windows.OLDEST] if newest == NIL else state.event_after[newest])
        first = int(frame.sequence[0]) if len(frame.sequence) else 0
        chain: list[int] = []
        while event != NIL:
            chain.append(event)
            event = int(state.event_after[event])
        numbers = (state.event_sequence[chain] - first).tolist()
        for place, number in zip(chain, numbers, strict=True):
            self._event_ids[place] = ids[number] or ""

    def column(
        self, index: int, frame: Frame
    ) -> tuple[NDArray[np.int64] | NDArray[np.float64], NDArray[np.bool_]]:
        """Return the values [n] of one feature and where they are known.

        Money stays in minor units, times and durations in microseconds, numbers of a column of floats as
        their sortable integer (see `floats`), texts as their codes.
        """
        feature = self.features[index]
        reads = self.layout.reads[index]
        out, known = frame.out[reads[0]], frame.known[reads[0]]
        match feature.aggregate:
            case Aggregate.AVG:
                events = frame.out[reads[1]]
                return out / np.maximum(events, 1), known & (events > 0)
            case Aggregate.LAST:
                return out, self._inside(feature, frame, reads[0])
            case Aggregate.TIME_SINCE_LAST:
                since_us = frame.time_us - frame.out_time_us[reads[0]]
                return since_us, self._inside(feature, frame, reads[0])
            case Aggregate.TIME_SINCE_FIRST:
                return frame.time_us - out, known
            case _:
                return out, known

    @staticmethod
    def _inside(feature: Feature, frame: Frame, read: int) -> NDArray[np.bool_]:
        known: NDArray[np.bool_] = frame.known[read]
        if feature.window_us is not None:
            known = known & (frame.out_time_us[read] > frame.time_us - feature.window_us)
        return known

    def contributing_ids(
        self, asked: Sequence[tuple[int, int]], frame: Frame, at_most: int
    ) -> list[list[str]]:
        """Return for each (feature, event of the batch) the ids of the newest events that it counted there.

        Features without a window name none.
        """
        state = self._state
        log = evidence.Log(state.event_time_us, state.event_sequence, state.event_masks, state.event_previous)
        moments = evidence.Moments(frame.time_us, frame.sequence, frame.horizon_us, frame.rows)
        found = np.empty((len(asked), at_most), np.int64)
        numbers = np.empty(len(asked), np.int64)
        questions = np.array(asked, np.int64).reshape(-1, 2)
        evidence.contributors(log, state.words, self._evidence, moments, questions, found, numbers)
        ids = self._event_ids
        return [
            [ids[place] for place in places[:number]]
            for places, number in zip(found.tolist(), numbers.tolist(), strict=True)
        ]

    def _make_room(self, events: int, distincts: int) -> None:
        """Grow the arrays so that the kernels never run out within a batch of so many events."""
        state, plan = self._state, self.layout.plan
        words_max = int(state.meta[windows.WORDS_USED] + events * plan.key_words.sum())
        entries = int(state.meta[windows.ENTITIES]) + events * KEY_COLUMNS_MAX * (
            len(plan.key_words) + len(plan.reader_of)
        )
        entity_keys, entity_rows = grown(state.entity_keys, state.entity_rows, entries)
        distinct_keys, distinct_counts = grown(
            state.distinct_keys, state.distinct_counts, int(state.meta[windows.DISTINCTS_MAX]) + distincts
        )
        self._state = state._replace(
            words=_longer(state.words, words_max),
            entity_keys=entity_keys,
            entity_rows=entity_rows,
            distinct_keys=distinct_keys,
            distinct_counts=distinct_counts,
        )
        self._make_room_for_events(int(state.meta[windows.EVENTS]) + events)

    def _make_room_for_events(self, events_max: int) -> None:
        state = self._state
        capacity = len(state.event_time_us)
        if events_max <= capacity:
            return
        arrays = {
            name: _longer(getattr(state, name), events_max)
            for name in State._fields
            if name.startswith("event_")
        }
        larger = len(arrays["event_time_us"])
        _chain_free(arrays["event_after"], capacity, larger, int(state.meta[windows.FREE_EVENT]))
        state.meta[windows.FREE_EVENT] = capacity
        self._state = state._replace(**arrays)
        self._event_ids += [""] * (larger - capacity)


def _evidence_table(features: Sequence[Feature], layout: Layout) -> NDArray[np.int64]:
    """Return how each feature is read, for `evidence.contributors`: int64 [features, 5]."""
    plan = layout.plan
    table = np.zeros((len(features), 5), np.int64)
    for index, feature in enumerate(features):
        read = layout.reads[index][0]
        table[index, evidence.READER] = plan.read_key[read]
        table[index, evidence.KEY] = plan.reader_of[plan.read_key[read]]
        table[index, evidence.MASK] = plan.cell_mask[plan.read_cell[read]]
        table[index, evidence.WINDOW_US] = feature.window_us or 0
        table[index, evidence.CURRENT] = feature.include_current
    return table


def _longer(array: NDArray[_T], length: int) -> NDArray[_T]:
    if length <= len(array):
        return array
    larger = np.zeros((max(length, 2 * len(array)), *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger


def _chain_free(after: NDArray[np.int32], first: int, end: int, rest: int) -> None:
    after[first : end - 1] = np.arange(first + 1, end)
    after[end - 1] = rest


def _empty_frame(time_us: NDArray[np.int64], reads: int, readers: int) -> Frame:
    events = len(time_us)
    return Frame(
        time_us=time_us,
        known=np.zeros((reads, events), np.bool_),
        out=np.zeros((reads, events), np.int64),
        out_time_us=np.zeros((reads, events), np.int64),
        rows=np.zeros((events, readers), np.int64),
        sequence=np.zeros(events, np.int64),
        horizon_us=np.zeros(events, np.int64),
        lateness=np.zeros(events, np.int8),
    )


def _empty_state(layout: Layout) -> State:
    keys = max(1, len(layout.plan.key_words))
    events = _EVENTS_AT_START
    meta = np.zeros(windows.META_WORDS, np.int64)
    meta[[windows.OLDEST, windows.NEWEST]] = NIL
    meta[windows.WATERMARK_US] = windows.NEVER
    after = np.zeros(events, np.int32)
    _chain_free(after, 0, events, NIL)
    return State(
        meta,
        np.zeros(4_096, np.int64),
        *empty(1_024),
        *empty(1_024),
        event_time_us=np.zeros(events, np.int64),
        event_sequence=np.zeros(events, np.int64),
        event_after=after,
        event_masks=np.zeros((events, max(1, (len(layout.masks) + 63) // 64)), np.uint64),
        event_values=np.zeros((events, max(1, len(layout.values))), np.int64),
        event_next=np.full((events, keys), NIL, np.int32),
        event_previous=np.full((events, keys), NIL, np.int32),
        event_row=np.full((events, keys), NIL, np.int64),
    )
