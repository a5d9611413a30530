"""What a hit in a band decides and tells."""

from __future__ import annotations

import pytest

from fraudstream.engine.actions import ACTIONS
from fraudstream.engine.selftest import run_cases
from fraudstream.events.schema import Schema
from tests.unit.rule_files import alerts_of, engine_of, event, rule_file, ruleset_of

BANDS = (
    "{of: amount_usd, outcomes: [{name: low, from: 10, to: 20},"
    " {name: high, from: 20, action: block, score: 70}]}"
)


@pytest.mark.parametrize(
    ("amount", "action", "score"),
    [(9, "allow", 0), (10, "review", 10), (20, "block", 70), (999, "block", 70)],
)
def test_each_band_has_its_own_action_and_score(amount: int, action: str, score: int) -> None:
    """The begin of a band belongs to it."""
    decisions = (
        engine_of(rule_file("amount_usd > 0", bands=BANDS)).step([event("e", amount=amount)]).decisions
    )
    assert (ACTIONS[decisions.action[0]], int(decisions.score[0])) == (action, score)


def test_an_alert_names_the_band_and_its_limits() -> None:
    """The reason shows the number beside the ends of the band that it lies in."""
    (alert,) = alerts_of(engine_of(rule_file("amount_usd > 0", bands=BANDS)), event("e", amount=12))
    (rule,) = alert["rules"]
    assert rule["band"] == "low"
    assert rule["reason"] == "amount_usd 12.00 USD > 0; amount_usd 12.00 USD >= 10; amount_usd 12.00 USD < 20"


def test_what_only_the_bands_look_at_is_shown_as_well() -> None:
    """It decides, so an alert has its value, and the events that it counted among those that contributed."""
    features = "{n: {count: events, by: debtor.id, window: 7d}}"
    bands = "{of: n, outcomes: [{name: few, from: 0, to: 2}, {name: many, from: 2}]}"
    engine = engine_of(rule_file("amount_usd > 0", features=features, bands=bands))
    alert = alerts_of(engine, event("first", amount=12), event("second", amount=12))[-1]
    (rule,) = alert["rules"]
    assert (rule["evidence"]["n"], rule["contributing_event_ids"]) == (2, ["second", "first"])


def test_hits_are_counted_by_band_also_those_of_shadow_rules() -> None:
    """What has not gone live yet can be watched band by band."""
    shadow = rule_file("amount_usd > 0", bands=BANDS, rule_id="TST-SHA-001", status="shadow")
    result = engine_of(rule_file("amount_usd > 0", bands=BANDS), shadow).step(
        [event("a", amount=12), event("b", amount=25), event("c", amount=1), event("d", amount=30)]
    )
    assert result.bands == {
        ("TST-ANY-001", "low"): 1,
        ("TST-ANY-001", "high"): 2,
        ("TST-SHA-001", "low"): 1,
        ("TST-SHA-001", "high"): 2,
    }
    assert len(result.alerts) == 3


def test_a_case_may_ask_for_the_band() -> None:
    """A hit in another one fails, and a case that names none is content with any."""
    cases = (
        "[{name: any, event: {kind: transfer, amount_usd: 12}, expect: hit},"
        " {name: right, event: {kind: transfer, amount_usd: 12}, expect: hit, band: low},"
        " {name: wrong, event: {kind: transfer, amount_usd: 12}, expect: hit, band: high}]"
    )
    ruleset = ruleset_of(rule_file("amount_usd > 0", bands=BANDS, cases=cases))
    results = list(run_cases(ruleset, Schema()))
    assert [result.passed for result in results] == [True, True, False]
    assert (results[2].expected, results[2].got) == ("hit in band high", "hit in band low")
