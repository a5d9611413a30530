"""The window kernels against the oracle, on random features, events, times and batch cuts."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fraudstream.features.catalogue import WINDOWED, Aggregate, Feature
from fraudstream.features.store import FeatureStore
from fraudstream.features.windows import Arrivals, Frame
from tests.property.window_oracle import Seen, WindowOracle

LATENESS_US = 5
KEYS = ("a", "b", "c")
VALUES = ("v", "w")
FLAGS = ("x", "y")


@st.composite
def features(draw: st.DrawFn) -> Feature:
    """Draw any feature over the three keys, two values and two conditions."""
    aggregate = draw(st.sampled_from(Aggregate))
    by = tuple(draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True)))
    others = [name for name in KEYS if name not in by]
    read_by = (*by[:-1], draw(st.sampled_from([by[-1], *others])))
    no_value = {Aggregate.COUNT, Aggregate.TIME_SINCE_LAST, Aggregate.TIME_SINCE_FIRST, Aggregate.FIRST_SEEN}
    windows = st.integers(1, 40)
    if aggregate not in WINDOWED:
        last = aggregate in (Aggregate.LAST, Aggregate.TIME_SINCE_LAST)
        windows = st.none() | windows if last else st.none()  # type: ignore[assignment]
    return Feature(
        aggregate,
        None if aggregate in no_value else draw(st.sampled_from(VALUES)),
        draw(st.none() | st.sampled_from(FLAGS)),
        by,
        read_by,
        draw(windows),
        draw(st.booleans()),
    )


@st.composite
def streams(draw: st.DrawFn) -> list[Seen]:
    """Draw events whose times mostly go forward, with ties, late and ancient ones."""
    seen = []
    now = 100
    for _ in range(draw(st.integers(1, 40))):
        now += draw(st.sampled_from([0, 0, 1, 1, 2, 5, 30]))
        behind = draw(st.sampled_from([0, 0, 0, 0, 1, 3, 5, 6, 12, 60]))
        seen.append(
            Seen(
                max(0, now - behind),
                {name: draw(st.none() | st.integers(0, 2)) for name in KEYS},
                {name: draw(st.none() | st.integers(-3, 3)) for name in VALUES},
                frozenset(draw(st.sets(st.sampled_from(FLAGS)))),
            )
        )
    return seen


def walk(store: FeatureStore, events: Sequence[Seen]) -> Frame:
    """Run one batch of the oracle's events through the kernels."""
    layout = store.layout
    codes = [[_code(event.keys[name]) for name in layout.columns] for event in events]
    masks = [
        [
            (mask.where is None or mask.where in event.flags)
            and (mask.value is None or event.values[mask.value] is not None)
            for mask in layout.masks
        ]
        for event in events
    ]
    values = [[event.values[name] or 0 for name in layout.values] for event in events]
    number = len(events)
    arrivals = Arrivals(
        np.array(codes, np.int32).reshape(number, len(layout.columns)),
        np.array([event.time_us for event in events], np.int64),
        np.array(masks, np.bool_).reshape(number, len(layout.masks)),
        np.array(values, np.int64).reshape(number, len(layout.values)),
    )
    return store.advance([f"e{event.time_us}" for event in events], arrivals)


def _code(value: int | None) -> int:
    return -1 if value is None else value


def read(store: FeatureStore, frame: Frame) -> list[list[int | float | None]]:
    """Return per event the value of every feature, None where it is not known."""
    columns = [store.column(index, frame) for index in range(len(store.features))]
    return [
        [values[event].item() if known[event] else None for values, known in columns]
        for event in range(len(frame.time_us))
    ]


@settings(max_examples=400, deadline=None)
@given(st.lists(features(), min_size=1, max_size=6), streams(), st.lists(st.integers(1, 39)))
def test_every_feature_equals_the_oracle_for_any_batches(
    wanted: list[Feature], events: list[Seen], cuts: list[int]
) -> None:
    """Windows give what a search through all events gives, however the stream is cut."""
    oracle = WindowOracle(wanted, LATENESS_US)
    store = FeatureStore(wanted, LATENESS_US)
    expected = [oracle.next(event) for event in events]
    got: list[list[int | float | None]] = []
    bounds = sorted({0, len(events), *(cut for cut in cuts if cut < len(events))})
    for start, end in pairwise(bounds):
        got += read(store, walk(store, events[start:end]))
    for index, (mine, its) in enumerate(zip(got, expected, strict=True)):
        rounded = [float(value) if isinstance(value, Fraction) else value for value in its]
        assert mine == rounded, f"event {index}: {events[index]}"
