"""The fold in stages gives the bytes of the fold in one piece."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, zip_longest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraudstream.engine.duplicates import Horizon
from fraudstream.engine.step import Engine, Settings
from fraudstream.rules.ruleset import Ruleset
from tests.keyed_fold import KeyedFold, told
from tests.property.test_step import EVENTS, traffic
from tests.rulesets import repository_ruleset, small_model_ruleset

MEMORY = Settings(duplicates=Horizon(ids_max=200))


def compared(
    ruleset: Ruleset, partitions: int, batches: Sequence[Sequence[bytes | None]], between: Sequence[str] = ()
) -> int:
    """Fold batches both ways, hold one against the other, and return the number of alerts."""
    whole, keyed = Engine(ruleset, MEMORY), KeyedFold(ruleset, MEMORY, partitions)
    alerts = 0
    for batch, what in zip_longest(batches, between[: len(batches)]):
        if what == "save":
            keyed.resume()
        elif what == "miss":
            whole.miss()
            keyed.miss()
        elif what == "reload":
            for fold in (whole, keyed):
                fold.reload(fold.prepare(ruleset))
        once, staged = whole.step(batch), keyed.step(batch)
        assert told(staged) == told(once)
        assert (staged.rule_outcomes == once.rule_outcomes).all()
        alerts += len(once.alerts)
    return alerts


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 3),
    st.integers(1, 5),
    st.sets(st.integers(1, EVENTS - 1), max_size=20),
    st.lists(st.sampled_from(["save", "reload", "miss", ""]), min_size=21, max_size=21),
)
def test_stages_change_no_byte(seed: int, partitions: int, cuts: set[int], between: list[str]) -> None:
    """Any number of shares, and any cut of the stream, gives what one engine gives, to the byte."""
    bounds = [0, *sorted(cuts), EVENTS]
    batches = [traffic(seed)[a:b] for a, b in pairwise(bounds)]
    assert compared(small_model_ruleset(), partitions, batches, between) > 20


@pytest.mark.parametrize("partitions", [1, 3])
def test_every_rule_that_is_shipped_gives_the_same(partitions: int) -> None:
    """The rules of the repository, with their texts, times and models, travel as well."""
    batches = [traffic(2)[at : at + 250] for at in range(0, EVENTS, 250)]
    assert compared(repository_ruleset(), partitions, batches) > 10
