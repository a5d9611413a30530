"""Draws everything that one run needs."""

from __future__ import annotations

from collections.abc import Mapping, Set

from hypothesis import strategies as st

from tests.oracle import layers
from tests.oracle.comparing import World
from tests.oracle.domain import AHEAD_US, EXACT_S, LATENESS_S
from tests.oracle.draw_reloads import changed
from tests.oracle.draw_rules import rulesets
from tests.oracle.draw_streams import streams
from tests.oracle.draw_values import one_of
from tests.oracle.language import SECOND_US
from tests.oracle.rulesets import Deployment

EVENTS_MAX = 40
_PLACES = st.integers(1, EVENTS_MAX - 1)
STREAMS = 4
"""How many streams share a ruleset: reading its files costs as much as a few streams. The last is dense."""


@st.composite
def worlds(draw: st.DrawFn) -> list[World]:
    """Draw a ruleset, one that it is changed to, and a deployment and a stream for each of a few runs."""
    first = draw(rulesets())
    drawn = (first, draw(changed(first))) if layers.RELOADS else (first,)
    runs = []
    for number in range(STREAMS):
        dense = number == STREAMS - 1
        lateness_us, ids_max = one_of(draw, *LATENESS_S) * SECOND_US, _ids_max(draw, dense)
        deployment = Deployment(lateness_us, EXACT_S * SECOND_US, ids_max, AHEAD_US)
        stream = tuple(draw(streams(dense)))
        cuts = draw(st.sets(_PLACES, max_size=8))
        runs.append(World(drawn, deployment, stream, cuts, _reloads(draw, dense), _snapshots(draw)))
    return runs


def _reloads(draw: st.DrawFn, dense: bool) -> Mapping[int, int]:
    """Draw where the rulesets take turns, and that sometimes one comes in force again."""
    if layers.RELOADS and dense:
        places = draw(st.sets(_PLACES, min_size=1, max_size=4))
        return {place: (turn + 1) % 2 for turn, place in enumerate(sorted(places))}
    if not layers.RELOADS or draw(st.booleans()):
        return {}
    return draw(st.dictionaries(_PLACES, st.integers(0, 1), min_size=1, max_size=4))


def _snapshots(draw: st.DrawFn) -> Set[int]:
    return draw(st.sets(_PLACES, max_size=3)) if layers.SNAPSHOTS else set()


def _ids_max(draw: st.DrawFn, dense: bool) -> int:
    most = 3 if dense else one_of(draw, 1_000_000, 3)
    return most if layers.IDS_MAX else 1_000_000
