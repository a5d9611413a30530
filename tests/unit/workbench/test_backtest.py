"""Back-tests: what is counted is what the engine says."""

from __future__ import annotations

from collections import Counter

import orjson
import pytest

from fraudstream.engine.rollout import bucket
from fraudstream.engine.step import Engine, Settings
from fraudstream.rules.ruleset import build_ruleset
from fraudstream.workbench.answers import LabelColumn
from fraudstream.workbench.backtest import Backtest
from fraudstream.workbench.backtest_report import report
from fraudstream.workbench.diff import Diff, Kind
from fraudstream.workbench.diff_report import rule_diffs
from fraudstream.workbench.figure_texts import figure_cells
from fraudstream.workbench.observing import Observer
from fraudstream.workbench.sources import SourceError
from fraudstream.workbench.teaching import label_readers
from fraudstream.workbench.worth import Worth
from tests.unit.rule_files import event, outcomes, rule_file, rule_files, ruleset_of
from tests.unit.workbench.histories import Given, backtest_of, drawn

MANY = rule_file(
    "spent > 60",
    rule_id="TST-SUM-001",
    features="{spent: {sum: amount_usd, by: debtor.id, window: 12h}}",
    then="{action: hold, score: 30, reason_code: ANY, suppress: {by: debtor.id, for: 6h}}",
    severity="high",
)
LARGE = rule_file("amount_usd > 40", rule_id="TST-LRG-001")
BOTH = (MANY, LARGE)
ROLLOUT = "rollout: {percent: 10, by: debtor.id}\n"


def test_counts_are_those_of_the_engine() -> None:
    """Hits, alerts, days and entities, counted again from what single steps give."""
    messages = drawn(600)
    found = report(backtest_of(BOTH, messages, LabelColumn("fraud")))
    engine = Engine(ruleset_of(*BOTH))
    hits, alerts, days, entities = Counter[str](), Counter[str](), Counter[str](), set()
    both = caught = frauds = flagged = 0
    for message in messages:
        result = engine.step([message])
        hit = [rule for rule, counts in zip(engine.rule_ids, result.rule_outcomes, strict=True) if counts[0]]
        content = orjson.loads(message)
        hits.update(hit)
        both += len(hit) == 2
        flagged += len(hit) > 0
        frauds += content["fraud"]
        caught += content["fraud"] if "TST-LRG-001" in hit else 0
        for alert in map(orjson.loads, (each.value for each in result.alerts)):
            alerts.update(rule["id"] for rule in alert["rules"])
            days[content["occurred_at"][:10]] += 1
            entities.add(content["debtor"]["id"])
    large, many = found.rules
    assert (many.hits, large.hits) == (hits["TST-SUM-001"], hits["TST-LRG-001"])
    assert (many.alerts, large.alerts) == (alerts["TST-SUM-001"], alerts["TST-LRG-001"])
    assert 0 < many.alerts < many.hits
    assert dict(zip(found.days, (row[-1] for row in found.alerts_by_day), strict=True)) == days
    assert (found.overall.alerts, found.overall.hits) == (days.total(), flagged)
    assert found.overall.entities == len(entities)
    assert found.overlaps() == [("TST-LRG-001", "TST-SUM-001", both, both / min(hits.values()))]
    assert large.caught is not None
    assert (large.caught.frauds, large.caught.frauds_all) == (caught, frauds)


def test_a_shadow_rule_would_tell_what_it_tells_when_live() -> None:
    """Quiet keys and alert budgets are the engine's own; what other rules told does not change."""
    keys = "alerts_per_hour_max: 1, suppress: {by: debtor.id, for: 2h}"
    then = f"{{action: hold, score: 30, reason_code: ANY, {keys}}}"
    rule = {"rule_id": "TST-SHD-001", "then": then}
    messages = drawn(900)
    live = report(backtest_of([MANY, rule_file("amount_usd > 30", **rule)], messages))  # type: ignore[arg-type]
    shadow = report(
        backtest_of([MANY, rule_file("amount_usd > 30", status="shadow", **rule)], messages)  # type: ignore[arg-type]
    )
    ours, theirs = shadow.rules[0], live.rules[0]
    assert ours.is_shadow
    assert 0 < ours.alerts < ours.hits
    assert (ours.hits, ours.alerts, ours.entities) == (theirs.hits, theirs.alerts, theirs.entities)
    assert (ours.value_at_risk, ours.alerts_day_max) == (theirs.value_at_risk, theirs.alerts_day_max)
    assert (shadow.rules[1].alerts, shadow.overall.alerts) == (live.rules[1].alerts, live.rules[1].alerts)


def test_a_shadow_rule_takes_no_part_in_the_budget() -> None:
    """Its alerts are no one's work."""
    found = report(backtest_of([rule_file(status="shadow")], [event("a", amount=500)], None, 5))
    assert (found.rules[0].alerts, found.rules[0].budgeted, found.overall.alerts) == (1, None, 0)
    assert found.overall.budgeted is not None
    assert found.overall.budgeted.alerts == 0


def test_a_rule_in_rollout_has_the_alerts_of_both_sides() -> None:
    """As many as without a rollout; only those of its live side are those of all live rules, and budgeted."""
    messages = [event(f"e{each}", amount=500, debtor={"id": f"c{each}"}) for each in range(200)]
    found = report(backtest_of([rule_file(extra=ROLLOUT)], messages, None, 500))
    (line,) = found.rules
    live = sum(bucket("TST-ANY-001", [f"c{each}"]) < 10 for each in range(200))
    assert (line.hits, line.alerts, line.entities, line.is_shadow) == (200, 200, 200, False)
    assert (found.overall.alerts, found.overall.hits) == (live, live)
    assert line.budgeted is not None
    assert line.budgeted.alerts == live
    (told,) = found.as_json()["rules"]
    assert (told["status"], told["rollout"]) == ("live", {"percent": 10, "by": ("debtor.id",)})
    assert figure_cells(line, "USD")[1] == "live 10%"


def test_a_comparison_tells_of_a_rollout() -> None:
    """Who comes in when the percentage is raised has new alerts, and nobody loses one."""
    messages = [event(f"e{each}", amount=500, debtor={"id": f"c{each}"}) for each in range(200)]
    wider = ROLLOUT.replace("10", "60")
    diff = Diff(
        ruleset_of(rule_file(extra=ROLLOUT)), ruleset_of(rule_file(extra=wider, version=2)), Settings()
    )
    diff.fold([Given(messages)])
    gained = sum(10 <= bucket("TST-ANY-001", [f"c{each}"]) < 60 for each in range(200))
    assert (diff.events[Kind.NEW_ALERT], diff.events[Kind.LOST_ALERT]) == (gained, 0)
    (rule,) = rule_diffs(diff)
    assert rule.change == "v1 to v2, live 10% to live 60%"


def test_the_budget_takes_the_gravest_of_a_day() -> None:
    """Of three alerts of one day two are looked at: the more severe one, and the earlier of equals."""
    mild = rule_file("amount_usd > 100", rule_id="TST-MLD-001")
    grave = rule_file("amount_usd > 1000", rule_id="TST-GRV-001", severity="high")
    messages = [
        event("a", amount=500, fraud=True),
        event("b", amount=500, fraud=False),
        event("c", amount=5_000, fraud=False),
    ]
    found = report(backtest_of([mild, grave], messages, LabelColumn("fraud"), 2))
    heavy, light = (each.budgeted for each in found.rules)
    assert heavy is not None
    assert light is not None
    assert (heavy.alerts, heavy.precision) == (1, 0.0)
    assert (light.alerts, light.frauds, light.genuine) == (2, 1, 1)
    assert found.overall.budgeted is not None
    assert found.overall.budgeted.precision == 0.5


def test_values_are_those_of_the_language() -> None:
    """An amount in the base currency is what `amount_usd` says, by the rates of its day."""
    ruleset = ruleset_of(rule_file())
    for day in ("2023-05-01", "2025-12-31", "2026-01-01"):
        for currency, amount in (("USD", 7), ("EUR", 33.33), ("JPY", 12345), ("KWD", 1.239)):
            message = event("a", at=f"{day}T00:00:00Z", currency=currency, amount=amount)
            observer = Observer(ruleset, Engine(ruleset).settings)
            _, look = observer.step([message])
            assert look is not None
            minor = int(Worth().of(observer.bound, look.judged.batch)[0])
            when = f"amount_usd == {minor // 100}.{minor % 100:02}"
            assert outcomes(Engine(ruleset_of(rule_file(when))), message) == (1, 0, 0)


def test_what_has_no_price_counts_nothing() -> None:
    """Neither a currency without a rate nor a missing amount."""
    messages = [
        event("a", currency="GBP", amount=5),
        event("b", kind="login", amount=None, currency=None),
        event("c", amount=5),
    ]
    found = report(backtest_of([rule_file('debtor.id == "c1"')], messages))
    assert (found.overall.alerts, found.overall.value_at_risk) == (3, 500)


def test_every_message_is_accounted_for() -> None:
    """Judged, duplicate or dead letter, whatever the size of a batch."""
    backtest = backtest_of([rule_file()], [event("a"), event("a"), b"x"])
    backtest.fold([Given([event(f"b{number}") for number in range(2_500)], 2_500)])
    messages = backtest.messages
    assert (messages.events_in, messages.judged, messages.duplicates) == (2_503, 2_501, 1)
    assert messages.dead_letters == {"not_json": 1}


def test_alerts_on_entities_that_are_not_known_meet_no_one() -> None:
    """They count as alerts all the same."""
    found = report(backtest_of([rule_file()], [event("a", amount=500, debtor=None)]))
    assert (found.overall.alerts, found.overall.entities) == (1, 0)


def test_an_empty_history_has_no_rates() -> None:
    """Nothing is divided by no day."""
    found = report(backtest_of([rule_file()], []))
    assert (found.days, found.overall.alerts_per_day, found.overall.alerts_day_max) == ([], None, 0)


def test_labels_that_meet_no_event_are_a_mistake() -> None:
    """A misspelt column would else look like a perfect absence of fraud."""
    with pytest.raises(SourceError, match="no event has a label"):
        backtest_of([rule_file()], [event("a")], LabelColumn("is_fraud"))


def test_what_learns_from_labels_is_named() -> None:
    """Rules that count labels, and models that do, learn from them or heed how their scores did."""
    taught = rule_file("known > 0", features="{known: {count: frauds, by: debtor.id, window: 7d}}")
    model = (
        b"schema: fraudstream.model/v1\nid: NAME\ntitle: A model\nfeatures: {amount: amount_usd}\n"
        b"estimator: {kind: half_space_trees, window: 100}\nscaler: none\nwarm_up: 200\nseed: 1\n"
    )
    models = {
        "models/plain.yml": model.replace(b"NAME", b"plain"),
        "models/heeding.yml": model.replace(b"NAME", b"heeding") + b"on_drift: rules_only\n",
        "models/confirmed.yml": model.replace(b"NAME", b"confirmed") + b"learn: confirmed_good\n",
    }
    found = label_readers(build_ruleset(rule_files(taught, **models)))
    assert found == ["TST-ANY-001", "confirmed", "heeding"]
    assert label_readers(ruleset_of(rule_file())) == []


SIGNS = b"""schema: fraudstream.typologies/v1
typologies:
  any: {title: Any, description: Anything}
  both:
    title: Both
    description: Two signs
    score:
      over: event
      weights: {TST-A-001: 30, TST-B-001: 50}
      bands: [{from: 60, action: hold, reason_code: ANY, reason: Two signs at once}]
"""
FRIENDS = b"""schema: fraudstream.list/v1
id: friends
title: Friends
source: a test
retrieved: 2026-01-01
entries: [{value: c1}]
"""
ALLOWED = b"""schema: fraudstream.actions/v1
allow_lists: [{column: debtor.id, list: friends, at_most: allow, reason: Known}]
"""


def test_a_typology_s_alert_is_one_of_all_rules() -> None:
    """Where the rules themselves ask for nothing, only the last line has an alert."""
    then = "{action: allow, score: 10, reason_code: ANY}"
    rules = [
        rule_file('channel == "pos"', rule_id="TST-A-001", then=then),
        rule_file('purpose == "gift"', rule_id="TST-B-001", then=then),
    ]
    ruleset = build_ruleset(rule_files(*rules, **{"typologies.yml": SIGNS}))
    messages = [event("a", channel="pos"), event("b", channel="pos", purpose="gift")]
    backtest = Backtest(ruleset, Settings())
    backtest.fold([Given(messages)])
    found = report(backtest)
    assert [(each.hits, each.alerts) for each in found.rules] == [(2, 0), (1, 0)]
    assert (found.overall.hits, found.overall.alerts) == (1, 1)
    diff = Diff(ruleset_of(*rules), ruleset, Settings())
    diff.fold([Given(messages)])
    (example,) = diff.examples(Kind.NEW_ALERT)
    assert example.new.reasons == (("both", "Two signs at once (score 80)"),)


def test_allow_lists_and_bands_hold_for_would_be_alerts() -> None:
    """A known customer would not be told of, nor would what lies outside all bands."""
    bands = "{of: amount_usd, outcomes: [{name: low, from: 10, to: 20}, {name: high, from: 20, to: 50}]}"
    shadow = rule_file('kind == "transfer"', status="shadow", bands=bands)
    files = rule_files(shadow, **{"actions.yml": ALLOWED, "lists/friends.yml": FRIENDS})
    backtest = Backtest(build_ruleset(files), Settings())
    messages = [
        event(f"{customer}-{amount}", amount=amount, debtor={"id": customer})
        for customer in ("c1", "c2")
        for amount in (5, 15, 30, 60)
    ]
    backtest.fold([Given(messages)])
    (line,) = report(backtest).rules
    assert (line.hits, line.alerts, line.value_at_risk) == (4, 2, 4_500)


def test_how_a_history_is_cut_changes_nothing() -> None:
    """The same bytes come out of batches of seven and of a thousand."""
    shadow = rule_file("amount_usd > 30", rule_id="TST-SHD-001", status="shadow")
    found = []
    for batch_events in (7, 1_000, 5_000):
        backtest = Backtest(ruleset_of(*BOTH, shadow), Settings(), LabelColumn("fraud"), 3)
        backtest.fold([Given(drawn(1_500), batch_events)])
        found.append(orjson.dumps(report(backtest).as_json()))
    assert found[0] == found[1] == found[2]
