"""The fold, event by event."""

from __future__ import annotations

import pytest

from fraudstream.engine.step import Engine, Settings
from fraudstream.features.catalogue import Limits
from tests.unit.rule_files import engine_of, event, outcomes, rule_file

SPENT = rule_file("spent > 100", features="{spent: {sum: amount_usd, by: debtor.id, window: 24h}}")


def test_an_event_sees_those_before_it_in_the_same_batch() -> None:
    """The third payment crosses the limit, not the batch."""
    assert outcomes(engine_of(SPENT), *(event(f"e{number}", amount=40) for number in range(4))) == (2, 2, 0)


def test_state_goes_on_from_batch_to_batch() -> None:
    """One by one gives the same as all at once."""
    engine = engine_of(SPENT)
    hits = [outcomes(engine, event(f"e{number}", amount=40))[0] for number in range(4)]
    assert hits == [0, 0, 1, 1]


def test_the_oldest_event_leaves_at_the_window_s_edge() -> None:
    """Exactly 24 hours later a payment counts no more; a microsecond earlier it does."""
    first = event("a", "2026-03-01T08:00:00Z", amount=90)
    assert outcomes(engine_of(SPENT), first, event("b", "2026-03-02T08:00:00Z", amount=20)) == (0, 2, 0)
    assert outcomes(engine_of(SPENT), first, event("b", "2026-03-02T07:59:59.999999Z", amount=20)) == (
        1,
        1,
        0,
    )


def test_amounts_of_several_currencies_are_summed_in_one() -> None:
    """Each at the rate of its own day."""
    payments = [
        event("a", "2025-12-31T23:00:00Z", amount=20, currency="EUR"),
        event("b", "2026-01-01T01:00:00Z", amount=8_000, currency="JPY"),
        event("c", "2026-01-01T02:00:00Z", amount="20.01", currency="USD"),
    ]
    assert outcomes(engine_of(SPENT), *payments) == (1, 2, 0)


def test_an_empty_batch_is_a_batch() -> None:
    """Nothing in, nothing out."""
    result = engine_of(SPENT).step([])
    assert (result.events_in, result.alerts, result.dead_letters, result.duplicates) == (0, [], [], 0)
    assert result.rule_outcomes.tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("batch", [[None], [b"x"], [None, b"{}", b"[]"]])
def test_a_batch_without_a_valid_event_is_all_dead_letters(batch: list[bytes | None]) -> None:
    """Every message is accounted for."""
    result = engine_of(SPENT).step(batch)
    assert [letter.row for letter in result.dead_letters] == list(range(len(batch)))
    assert len(result.decisions.row) == 0


def test_a_ruleset_without_rules_allows_everything() -> None:
    """An empty rule directory is a beginning."""
    result = engine_of().step([event("a")])
    assert result.decisions.action.tolist() == [0]
    assert result.rule_outcomes.shape == (0, 3)


def test_two_engines_share_nothing() -> None:
    """State is inside the engine."""
    first, second = engine_of(SPENT), Engine(engine_of(SPENT).ruleset)
    first.step([event("a", amount=90)])
    assert outcomes(second, event("b", amount=20)) == (0, 1, 0)


def test_what_is_not_late_is_counted() -> None:
    """Also by features without a window, which reach back no further than the lateness."""
    first_seen = "{s: {time_since_first: events, by: debtor.id}}"
    settings = Settings(limits=Limits(lateness_us=5_000_000))
    engine = engine_of(rule_file("s is not null", features=first_seen), settings=settings)
    result = engine.step([event("a", "2026-03-02T08:00:05Z"), event("b", "2026-03-02T08:00:00Z")])
    assert (result.late, result.rule_outcomes.tolist()) == (0, [[2, 0, 0]])


def test_the_last_event_may_have_left_the_windows_before_an_older_one_that_came_late() -> None:
    """A late event reads the newest before it, whichever of the two was let go first."""
    features = (
        "{sum: {sum: amount_usd, by: debtor.id, window: 60s}, before: {last: amount_usd, by: debtor.id}}"
    )
    settings = Settings(limits=Limits(lateness_us=5_000_000))
    engine = engine_of(rule_file("before == 2", features=features), settings=settings)
    newest, other = event("a", "2026-03-02T08:00:20Z", amount=2), {"debtor": {"id": "c2"}}
    older = event("c", "2026-03-02T08:00:02Z", amount=3)
    engine.step([newest, event("b", "2026-03-02T08:01:02Z", **other), older])
    engine.step([event("d", "2026-03-02T08:01:36Z", **other)])
    ahead, late = event("e", "2026-03-02T08:01:30Z", amount=4), event("f", "2026-03-02T08:00:42Z")
    assert engine.step([ahead, late]).rule_outcomes.tolist() == [[2, 0, 0]]
