"""The window kernels against the oracle, on random features, events, times and batch cuts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraudstream.events.batch import Ids
from fraudstream.events.jit import lean_kernel
from fraudstream.events.schema import Column, ColumnType, Schema
from fraudstream.features import entities
from fraudstream.features import store as store_module
from fraudstream.features.catalogue import (
    OF_EVENTS,
    OF_FIRST,
    OF_LAST,
    Aggregate,
    Feature,
    Limits,
    is_float,
)
from fraudstream.features.state import Arrivals, Frame
from fraudstream.features.store import FeatureStore
from tests.property.window_oracle import Seen, Value, WindowOracle

sweep = lean_kernel(entities.sweep)
LIMITS = Limits(lateness_us=5, exact_us=50, ever_us=90)
KEYS = ("a", "b", "c")
VALUES = ("v", "w", "f")
FLOATS = frozenset({"f"})
FLAGS = ("x", "y")
SCHEMA = Schema(
    (
        *(Column(name, ColumnType.TEXT) for name in KEYS),
        Column("v", ColumnType.INTEGER),
        Column("w", ColumnType.INTEGER),
        Column("f", ColumnType.NUMBER),
    )
)


@st.composite
def features(draw: st.DrawFn) -> Feature:
    """Draw any feature over the three keys, three values and two conditions."""
    aggregate = draw(st.sampled_from(Aggregate))
    by = tuple(draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True)))
    others = [name for name in KEYS if name not in by]
    read_by = (*by[:-1], draw(st.sampled_from([by[-1], *others])))
    windows: st.SearchStrategy[int | None] = st.integers(1, 40) | st.sampled_from([64, 100, 128, 300])
    offset = draw(st.sampled_from([0, 0, 1, 5, 30]))
    if aggregate is Aggregate.MEDIAN or (aggregate is Aggregate.DISTINCT and offset):
        windows = st.integers(1, 20)
    if aggregate in OF_LAST | OF_FIRST:
        windows = st.none() | windows if aggregate in OF_LAST else st.none()
        offset = 0
    return Feature(
        aggregate,
        None if aggregate in OF_EVENTS else draw(st.sampled_from(VALUES)),
        draw(st.none() | st.sampled_from(FLAGS)),
        by,
        read_by,
        draw(windows),
        draw(st.booleans()),
        offset,
    )


numbers = st.integers(-3, 3) | st.sampled_from([0, 40, 41, 1_000_000, -70])
floats = st.sampled_from([0.0, 0.25, -1.5, 3.0, 1e6, 0.000001])


@st.composite
def streams(draw: st.DrawFn) -> list[Seen]:
    """Draw events whose times mostly go forward, with ties, late and ancient ones."""
    seen = []
    now = 1_000
    for _ in range(draw(st.integers(1, 40))):
        now += draw(st.sampled_from([0, 0, 1, 1, 2, 5, 30, 30, 200]))
        behind = draw(st.sampled_from([0, 0, 0, 0, 1, 3, 5, 6, 12, 60]))
        values: dict[str, Value] = {name: draw(st.none() | numbers) for name in ("v", "w")}
        values["f"] = draw(st.none() | floats)
        seen.append(
            Seen(
                now - behind,
                {name: draw(st.none() | st.integers(0, 2)) for name in KEYS},
                values,
                frozenset(draw(st.sets(st.sampled_from(FLAGS)))),
            )
        )
    return seen


def walk(store: FeatureStore, events: Sequence[Seen]) -> Frame:
    """Run one batch of the oracle's events through the kernels."""
    ids = Ids.of([f"e{event.time_us}" for event in events])

    def matrix(rows: list[list[float]], dtype: type) -> np.ndarray:
        return np.array(rows, dtype).reshape(len(rows), len(events))

    def known(*names: str) -> list[list[float]]:
        return [[event.values[name] is not None for event in events] for name in names]

    def values(*names: str) -> list[list[float]]:
        return [[event.values[name] or 0 for event in events] for name in names]

    codes = [[-1 if (code := event.keys[name]) is None else code for event in events] for name in KEYS]
    wheres = [[where in event.flags for event in events] for where in store.layout.wheres]
    return store.advance(
        Arrivals(
            np.array([event.time_us for event in events], np.int64),
            matrix(codes, np.int32),  # type: ignore[arg-type]
            matrix(values("v", "w"), np.int64),
            matrix(known("v", "w"), np.bool_),
            matrix(values("f"), np.float64),
            matrix(known("f"), np.bool_),
            ids.ends,
            ids.data,
            matrix(wheres, np.bool_),  # type: ignore[arg-type]
            np.empty((0, len(events)), np.int64),
            np.empty((0, len(events)), np.bool_),
        )
    )


def read(store: FeatureStore, frame: Frame) -> list[list[Value]]:
    """Return per event the value of every feature, None where it is not known."""
    columns = []
    for index, feature in enumerate(store.features):
        type_ = ColumnType.NUMBER if feature.value in FLOATS else ColumnType.INTEGER
        floating = is_float(feature.aggregate, type_ if feature.value else None)
        columns.append(((frame.floats if floating else frame.ints)[index], frame.known[index]))
    return [
        [values[event].item() if known[event] else None for values, known in columns]
        for event in range(len(frame.time_us))
    ]


def batches(events: Sequence[Seen], cuts: Sequence[int]) -> list[Sequence[Seen]]:
    """Cut a stream into batches."""
    bounds = sorted({0, len(events), *(cut for cut in cuts if cut < len(events))})
    return [events[start:end] for start, end in pairwise(bounds)]


@settings(max_examples=400, deadline=None)
@given(st.lists(features(), min_size=1, max_size=6), streams(), st.lists(st.integers(1, 39)))
def test_every_feature_equals_the_oracle_for_any_batches(
    wanted: list[Feature], events: list[Seen], cuts: list[int]
) -> None:
    """Windows give what a search through all events gives, however the stream is cut, saved and restored."""
    oracle = WindowOracle(wanted, LIMITS, FLOATS)
    expected = [oracle.next(event) for event in events]
    got: list[list[Value]] = []
    with pytest.MonkeyPatch.context() as patched:
        # From the smallest sizes on, everything has to grow on the way.
        patched.setattr(store_module, "_EVENTS_AT_START", 1)
        patched.setattr(store_module, "_WORDS_AT_START", 1)
        store = FeatureStore(wanted, SCHEMA, LIMITS)
    for number, batch in enumerate(batches(events, cuts)):
        got += read(store, walk(store, batch))
        sweep(store._state, store.layout.plan, 2_048)
        if number % 2:
            saved = store.snapshot()
            store = FeatureStore(wanted, SCHEMA, LIMITS)
            store.restore(saved)
    for index, (mine, its) in enumerate(zip(got, expected, strict=True)):
        assert mine == [_close(value) for value in its], f"event {index}: {events[index]}"


def _close(value: Value) -> object:
    return pytest.approx(value, rel=1e-12, abs=0) if isinstance(value, float) else value


@settings(max_examples=200, deadline=None)
@given(st.lists(features(), min_size=1, max_size=6), streams(), st.lists(st.integers(1, 39)))
def test_sketches_do_not_depend_on_batches(
    wanted: list[Feature], events: list[Seen], cuts: list[int]
) -> None:
    """Beyond the bound of exact counting too, any cut gives the same values."""
    limits = replace(LIMITS, distinct_exact=1)
    distinct = [replace(each, aggregate=Aggregate.DISTINCT, window_us=each.window_us or 9) for each in wanted]
    wanted = [each if each.value else replace(each, value="v") for each in distinct]
    wanted = [each if not each.offset_us else replace(each, window_us=9) for each in wanted]
    whole, cut = (FeatureStore(wanted, SCHEMA, limits) for _ in range(2))
    expected = read(whole, walk(whole, events))
    got: list[list[Value]] = []
    for batch in batches(events, cuts):
        got += read(cut, walk(cut, batch))
        sweep(cut._state, cut.layout.plan, 2_048)
    assert got == expected
