"""A feature that is back-filled is, from the swap on, what it would be had it always been there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fraudstream.engine.backfill import Backfill
from fraudstream.engine.duplicates import Horizon
from fraudstream.engine.step import Engine, Settings
from fraudstream.events.times import format_time
from fraudstream.features.catalogue import Limits
from fraudstream.rules.ruleset import Ruleset
from tests.unit.rule_files import rule_file, ruleset_of

EVENTS = 450
SECOND_US = 1_000_000
START_US = 1_772_438_400 * SECOND_US
STEP_US = 60 * SECOND_US
"""Between two events on average; so the longest window below is some 240 of them long."""
SETTINGS = Settings(
    duplicates=Horizon(1_800 * SECOND_US, 200),
    ahead_us=600 * SECOND_US,
    limits=Limits(300 * SECOND_US, 7_200 * SECOND_US),
)
OLD = rule_file("n >= 2", features="{n: {count: events, by: debtor.id, window: 1h}}", cases="[]")
COUNTED = {
    "count": "{count: events, by: debtor.id, window: 30m, where: amount_usd > 20}",
    "spent": "{sum: amount_usd, by: [debtor.id, creditor.account], window: 2h}",
    "payees": "{distinct: creditor.account, by: debtor.id, window: 1h}",
    "usual": "{zscore: amount_usd, by: debtor.id, window: 1h, offset: 30m}",
    "paned": "{sum: amount_usd, by: debtor.id, window: 4h}",
    "middle": "{median: amount_usd, by: debtor.id, window: 1h}",
    "before": "{last: creditor.account, by: debtor.id, window: 1h}",
    "came_in": "{count: events, by: creditor.account, for: debtor.id, window: 1h}",
}
FOREVER = {"known": "{time_since_first: events, by: debtor.id}"}


def rule(features: dict[str, str]) -> bytes:
    """Return a rule that hits on every event and tells the values of some features."""
    named = ", ".join(f"{name}: {feature}" for name, feature in features.items())
    looks = " or ".join(f"{name} is null" for name in features)
    return rule_file(
        f"amount_usd >= 0 or {looks}", features=f"{{{named}}}", cases="[]", rule_id="TST-NEW-001"
    )


@cache
def rulesets(*, forever: bool) -> tuple[Ruleset, Ruleset]:
    """Return the ruleset before the change and the one behind it."""
    return ruleset_of(OLD), ruleset_of(OLD, rule(COUNTED | (FOREVER if forever else {})))


def traffic(seed: int) -> tuple[list[bytes], NDArray[np.int64]]:
    """Return events, some late, some ahead, some repeated, and when each entered its topic."""
    drawn = np.random.default_rng(seed)
    appended_us = START_US + np.cumsum(drawn.integers(0, 2 * STEP_US, EVENTS))
    shift_us = drawn.choice([0, 0, 0, -200, -2_000, -9_000, 500, 700], EVENTS) * SECOND_US
    ids = np.arange(EVENTS) - drawn.choice([0, 0, 0, 1, 25], EVENTS)
    values = [
        orjson.dumps(
            {
                "id": f"e{ids[number]}",
                "kind": "transfer",
                "occurred_at": format_time(int(appended_us[number] + shift_us[number])),
                "amount": int(drawn.integers(1, 50)),
                "currency": "USD",
                "debtor": {"id": f"c{drawn.integers(4)}"},
                "creditor": {"account": f"{'c' if number % 3 else 'a'}{drawn.integers(6)}"},
            }
        )
        for number in range(EVENTS)
    ]
    return values, appended_us


def fold(engine: Engine | Backfill, seed: int, bounds: Sequence[int]) -> list[bytes]:
    """Fold the stream from the first of some bounds to the last; return the alerts of an engine."""
    values, appended_us = traffic(seed)
    alerts: list[bytes] = []
    for start, end in pairwise(bounds):
        if isinstance(engine, Backfill):
            engine.fold(values[start:end], appended_us[start:end])
        else:
            result = engine.step(values[start:end], appended_us=appended_us[start:end])
            alerts += [alert.value for alert in result.alerts]
    return alerts


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    swap=st.integers(300, EVENTS - 50),
    cuts=st.sets(st.integers(0, EVENTS), max_size=6),
    forever=st.booleans(),
    behind=st.sampled_from([0, 0, 3, 90]),
)
def test_back_filled_is_as_if_always_there(
    seed: int, swap: int, cuts: set[int], forever: bool, behind: int
) -> None:
    """From the swap on every byte is that of an engine that had the features before the first event.
    Of history no more is read than `appended_from_us` says, while the engine judges further events.
    """
    old, new = rulesets(forever=forever)
    always = Engine(old, SETTINGS)
    always.reload(always.prepare(new))
    bounds = sorted({0, *cuts, EVENTS})
    fold(always, seed, [*(each for each in bounds if each < swap), swap])
    expected = fold(always, seed, [swap, EVENTS])

    engine = Engine(old, SETTINGS)
    begun = swap - behind
    fold(engine, seed, [0, begun])
    bound = engine.prepare(new)
    filled = engine.backfill(bound)
    assert filled is not None
    start = int(np.searchsorted(traffic(seed)[1], filled.appended_from_us))
    assert (start == 0) or not forever
    middle = max(start, begun)
    fold(filled, seed, sorted({start, *(each for each in cuts if start < each < middle), middle}))
    fold(engine, seed, [begun, swap])
    fold(filled, seed, [middle, swap])
    engine.reload(bound, filled)
    assert fold(engine, seed, [*[swap], *(each for each in bounds if each > swap)]) == expected


def test_less_history_is_read_than_there_is() -> None:
    """The property says something: its windows end long before the stream begins."""
    engine = Engine(rulesets(forever=False)[0], SETTINGS)
    fold(engine, 1, [0, EVENTS])
    filled = engine.backfill(engine.prepare(rulesets(forever=False)[1]))
    assert filled is not None
    assert np.searchsorted(traffic(1)[1], filled.appended_from_us) > 100
