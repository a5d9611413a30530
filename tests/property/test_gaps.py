"""A gap in the past shows in alerts, and changes nothing else."""

from __future__ import annotations

import copy
from functools import cache
from itertools import pairwise
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from fraudstream.engine.step import Engine
from tests.property.test_step import EVENTS, traffic
from tests.rulesets import small_model_ruleset

GAP = EVENTS // 2
"""Before which message something is missing."""


def fold(bounds: list[int], saved: frozenset[int] = frozenset()) -> tuple[list[bytes], int]:
    """Return the alerts, and how many decisions were marked, of the stream cut at some bounds.

    At those of `saved` the state moves to another engine, at GAP a gap is told.
    """
    engine = Engine(small_model_ruleset())
    alerts: list[bytes] = []
    marked = 0
    for start, end in pairwise(bounds):
        if start == GAP:
            engine.miss()
        if start in saved:
            snapshot = copy.deepcopy(engine.snapshot())
            engine = Engine(small_model_ruleset())
            engine.restore(snapshot)
        result = engine.step(traffic(1)[start:end])
        alerts += [alert.value for alert in result.alerts]
        marked += result.warming
    return alerts, marked


@cache
def whole() -> tuple[list[bytes], int]:
    """Return what two batches give, with the gap between them."""
    return fold([0, GAP, EVENTS])


@settings(max_examples=15, deadline=None)
@given(st.sets(st.integers(1, EVENTS - 1), max_size=10), st.booleans())
def test_a_mark_depends_on_events_alone(cuts: set[int], at_gap: bool) -> None:
    """However the stream is cut, and wherever the state is saved: just behind the gap as well."""
    bounds = sorted({0, *cuts, GAP, EVENTS})
    assert fold(bounds, frozenset(cuts) | (frozenset({GAP}) if at_gap else frozenset())) == whole()


def test_a_gap_changes_nothing_but_the_mark() -> None:
    """The alerts are those of an engine that missed nothing, and the first half has no mark at all."""
    unmarked = [alert.value for alert in Engine(small_model_ruleset()).step(traffic(1)).alerts]
    found, marked = whole()
    assert [without_mark(each) for each in found] == [without_mark(each) for each in unmarked]
    assert all(orjson.loads(each)["warming"] is None for each in unmarked)
    assert 0 < marked < EVENTS


def without_mark(alert: bytes) -> dict[str, Any]:
    """Return an alert without its mark."""
    content: dict[str, Any] = orjson.loads(alert)
    del content["warming"]
    return content
