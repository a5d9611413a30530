"""Rollouts: for whom a rule is live already, and that those stay in it."""

from __future__ import annotations

from itertools import pairwise

import orjson
import pytest

from fraudstream.engine.alerts import alert_id
from fraudstream.engine.result import AlertKind, StepResult
from fraudstream.engine.rollout import BUCKETS, bucket
from fraudstream.engine.step import Engine, Settings
from fraudstream.rules.errors import RulesetError
from tests.unit.rule_files import event, rule_file, ruleset_of

TOLD = Settings(shadow_alerts=True)
PEOPLE = [f"c{number}" for number in range(300)]


def rolled(percent: int, by: str = "debtor.id", rule_id: str = "TST-ANY-001", version: int = 1) -> bytes:
    """Return a rule that is live for so many of a hundred."""
    extra = f"rollout: {{percent: {percent}, by: {by}}}\n"
    return rule_file("amount_usd > 100", extra=extra, rule_id=rule_id, version=version)


def names_of(result: StepResult) -> tuple[set[str], set[str]]:
    """Return the debtors of live and of shadow alerts."""
    live, shadow = (
        {orjson.loads(alert.value)["event"]["debtor"]["id"] for alert in alerts}
        for alerts in (result.alerts, result.shadow.alerts)
    )
    return live, shadow


def judged(rule: bytes) -> tuple[set[str], set[str]]:
    """Return for whom of some people a rule tells live, and for whom in shadow."""
    messages = [event(name, amount=500, debtor={"id": name}) for name in PEOPLE]
    return names_of(Engine(ruleset_of(rule), TOLD).step(messages))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [(["c1"], 64), (["c7"], 4), (["c1", "a1"], 73), (["客户"], 68)],
)
def test_buckets_are_those_of_the_documented_hash(texts: list[str], expected: int) -> None:
    """A change would put other entities into every rollout there is."""
    assert bucket("TST-ANY-001", texts) == expected


def test_a_rule_is_live_below_the_percentage_and_shadow_for_all_others() -> None:
    """Every hit is told on exactly one of the two sides, and decides on one only."""
    live, shadow = judged(rolled(30))
    assert live == {name for name in PEOPLE if bucket("TST-ANY-001", [name]) < 30}
    assert shadow == set(PEOPLE) - live
    messages = [event(name, amount=500, debtor={"id": name}) for name in PEOPLE]
    result = Engine(ruleset_of(rolled(30)), TOLD).step(messages)
    assert int((result.decisions.action > 0).sum()) == len(live)
    assert result.shadow.changes == {"TST-ANY-001": len(shadow)}
    assert result.rule_outcomes.tolist() == [[len(PEOPLE), 0, 0]]


def test_whoever_is_in_stays_in() -> None:
    """A larger percentage, under whatever version, holds everyone whom a smaller one held; 100 holds all."""
    sets = [judged(rolled(percent, version=percent))[0] for percent in (1, 10, 50, 99, 100)]
    assert all(small <= large for small, large in pairwise(sets))
    assert sets[-1] == set(PEOPLE)


def test_another_rule_begins_with_others() -> None:
    """The id of the rule is part of the hash."""
    assert judged(rolled(30))[0] != judged(rolled(30, rule_id="TST-OTH-001"))[0]


def test_buckets_are_filled_evenly() -> None:
    """Of 100,000 entities every bucket has its hundredth, give or take a tenth of that."""
    counts = [0] * BUCKETS
    for number in range(100_000):
        counts[bucket("TST-ANY-001", [str(number)])] += 1
    assert 900 < min(counts) <= max(counts) < 1_100


def test_an_event_without_the_entity_is_in_shadow() -> None:
    """At any percentage, and also where one of two columns is missing."""
    messages = [event("a", amount=500, debtor={"account": "a1"}), event("b", amount=500)]
    for by in ("debtor.id", "[debtor.id, debtor.account]"):
        result = Engine(ruleset_of(rolled(100, by)), TOLD).step(messages)
        live = [alert.row for alert in result.alerts]
        shadow = [alert.row for alert in result.shadow.alerts]
        assert (live, shadow) == (([1], [0]) if by == "debtor.id" else ([], [0, 1]))


def test_both_sides_of_an_hour_have_a_summary_of_their_own() -> None:
    """A budget is spent on each side apart, and the two summaries have two ids."""
    rule = rolled(50).replace(b"reason_code: ANY", b"reason_code: ANY, alerts_per_hour_max: 1")
    engine = Engine(ruleset_of(rule), TOLD)
    messages = [event(name, amount=500, debtor={"id": name}) for name in PEOPLE]
    result = engine.step([*messages, event("end", at="2026-03-02T10:00:00Z")])
    summaries = [
        [alert for alert in alerts if alert.kind is AlertKind.OVERFLOW]
        for alerts in (result.alerts, result.shadow.alerts)
    ]
    ((live,), (shadow,)) = summaries
    assert live.alert_id != shadow.alert_id
    counts = [orjson.loads(each.value) for each in (live, shadow)]
    assert [each["told"] for each in counts] == [1, 1]
    assert sum(each["held_back"] for each in counts) == len(PEOPLE) - 2
    assert [each["shadow"] for each in counts] == [False, True]


def test_ids_are_derived_equally() -> None:
    """The id of a shadow alert is that of its event, rules and ruleset."""
    engine = Engine(ruleset_of(rolled(1)), TOLD)
    (alert,) = engine.step([event("a", amount=500, debtor={"id": "c1"})]).shadow.alerts
    assert alert.alert_id == alert_id("a", ["TST-ANY-001"], engine.ruleset.version)


def test_an_entity_is_made_of_text_columns() -> None:
    """Anything else is refused where it stands, with what may have been meant."""
    with pytest.raises(RulesetError, match=r"x/0.yml:12:\d+: device.lat is no text column"):
        Engine(ruleset_of(rolled(10, "device.lat")))
