"""Two rulesets over one history: what differs is what two engines of their own say differently."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from fraudstream.engine.actions import ACTIONS
from fraudstream.engine.step import Engine, Settings
from fraudstream.workbench.diff import Diff, Kind
from fraudstream.workbench.diff_report import RuleDiff, as_json, rule_diffs
from tests.unit.rule_files import event, rule_file, ruleset_of
from tests.unit.workbench.histories import Given, drawn

THEN = "{{action: {action}, score: 30, reason_code: ANY, suppress: {{by: debtor.id, for: 6h}}}}"
OLD = (
    rule_file("amount_usd > 50", rule_id="TST-LRG-001"),
    rule_file("amount_usd > 40", rule_id="TST-MID-001", then=THEN.format(action="hold")),
    rule_file("amount_usd > 60", rule_id="TST-OUT-001"),
)
NEW = (
    rule_file("amount_usd > 50", rule_id="TST-LRG-001"),
    rule_file("amount_usd > 35", rule_id="TST-MID-001", version=2, then=THEN.format(action="block")),
    rule_file("amount_usd > 65", rule_id="TST-ADD-001"),
)


def diff_of(
    old: tuple[bytes, ...], new: tuple[bytes, ...], messages: list[bytes], examples_max: int = 5
) -> Diff:
    """Return the comparison of two rulesets over some messages."""
    diff = Diff(ruleset_of(*old), ruleset_of(*new), Settings(), examples_max)
    diff.fold([Given(messages, 400)])
    return diff


def by_hand(rules: tuple[bytes, ...], messages: list[bytes]) -> list[dict[str, Any]]:
    """Return what an engine says of each message."""
    engine = Engine(ruleset_of(*rules))
    found = []
    for message in messages:
        result = engine.step([message])
        alerts = [orjson.loads(each.value) for each in result.alerts]
        counts = zip(engine.rule_ids, result.rule_outcomes, strict=True)
        found.append(
            {
                "action": ACTIONS[int(result.decisions.action[0])],
                "hits": {rule for rule, outcomes in counts if outcomes[0]},
                "alerted": bool(alerts),
                "told": {rule["id"] for alert in alerts for rule in alert["rules"]},
            }
        )
    return found


def test_the_counts_are_those_of_two_engines() -> None:
    """Event by event and rule by rule, however the history is cut."""
    messages = drawn(900)
    pairs = list(zip(by_hand(OLD, messages), by_hand(NEW, messages), strict=True))
    diff = diff_of(OLD, NEW, messages)
    assert diff.judged == len(messages)
    assert diff.events == {
        Kind.NEW_ALERT: sum(new["alerted"] and not old["alerted"] for old, new in pairs),
        Kind.LOST_ALERT: sum(old["alerted"] and not new["alerted"] for old, new in pairs),
        Kind.CHANGED_ACTION: sum(old["action"] != new["action"] for old, new in pairs),
    }
    assert all(diff.events.values())
    differ = [old["action"] != new["action"] or old["alerted"] != new["alerted"] for old, new in pairs]
    assert diff.changed == sum(differ)
    assert diff.changed_share == pytest.approx(sum(differ) / len(messages))
    for rule in rule_diffs(diff):
        for name, value in (("hits", rule.hits_gained), ("told", rule.alerts_gained)):
            assert value == sum(rule.id in new[name] and rule.id not in old[name] for old, new in pairs)
        for name, value in (("hits", rule.hits_lost), ("told", rule.alerts_lost)):
            assert value == sum(rule.id in old[name] and rule.id not in new[name] for old, new in pairs)
        assert rule.hits_old == sum(rule.id in old["hits"] for old, _ in pairs)
        assert rule.hits_new == sum(rule.id in new["hits"] for _, new in pairs)


def test_the_other_way_round_gains_are_losses() -> None:
    """What one direction adds the other takes away."""
    messages = drawn(500)
    there, back = diff_of(OLD, NEW, messages), diff_of(NEW, OLD, messages)
    assert there.changed == back.changed
    assert there.events[Kind.NEW_ALERT] == back.events[Kind.LOST_ALERT]
    for one, other in zip(rule_diffs(there), rule_diffs(back), strict=True):
        assert (one.hits_gained, one.alerts_gained) == (other.hits_lost, other.alerts_lost)
        assert one.actions_changed == other.actions_changed


def test_a_ruleset_is_equal_to_itself() -> None:
    """Nothing differs, and no rule matters."""
    diff = diff_of(OLD, OLD, drawn(300))
    assert (diff.changed, diff.changed_share, diff.events.total()) == (0, 0.0, 0)
    assert not any(rule.matters for rule in rule_diffs(diff))
    assert as_json(diff)["examples"] == {"new_alert": [], "lost_alert": [], "changed_action": []}


def test_a_changed_action_is_laid_to_the_rules_that_changed_it() -> None:
    """Not to those that hit the same event as before."""
    diff = diff_of(OLD, NEW, [event("a", amount=55)])
    assert diff.actions == {("hold", "block"): 1}
    assert {rule.id: rule.actions_changed for rule in rule_diffs(diff)} == {
        "TST-ADD-001": 0,
        "TST-LRG-001": 0,
        "TST-MID-001": 1,
        "TST-OUT-001": 0,
    }


def test_what_changed_in_the_files() -> None:
    """Rules that came, went, rose in version, went live, or were edited."""
    rule = {"rule_id": "TST-ANY-002"}
    live = rule_file("amount_usd > 40", **rule)  # type: ignore[arg-type]
    shadow = rule_file("amount_usd > 40", status="shadow", **rule)  # type: ignore[arg-type]
    edited = rule_file("amount_usd > 41", **rule)  # type: ignore[arg-type]
    changes = {each.id: each.change for each in rule_diffs(diff_of(OLD, NEW, []))}
    assert changes == {
        "TST-ADD-001": "added",
        "TST-LRG-001": "same",
        "TST-MID-001": "v1 to v2",
        "TST-OUT-001": "removed",
    }
    for new, told in ((live, "shadow to live"), (edited, "shadow to live")):
        assert rule_diffs(diff_of((shadow,), (new,), []))[0].change == told
    assert rule_diffs(diff_of((live,), (edited,), []))[0].change == "edited"


def test_a_shadow_rule_that_goes_live_gains_alerts_and_no_hits() -> None:
    """It hit before, and told of nothing."""
    live = rule_file("amount_usd > 40")
    shadow = rule_file("amount_usd > 40", status="shadow")
    diff = diff_of((shadow,), (live,), [event("a", amount=50), event("b")])
    assert rule_diffs(diff) == [RuleDiff("TST-ANY-001", "shadow to live", 1, 1, 0, 0, 1, 0, 1)]
    assert diff.changed == 1


def test_examples_show_actual_values() -> None:
    """What each side decided and told, with the figures of that event."""
    diff = diff_of(OLD, NEW, [event("a", amount=37.5)])
    (example,) = diff.examples(Kind.NEW_ALERT)
    assert (example.event_id, example.amount, example.currency, example.debtor_id) == (
        "a",
        "37.50",
        "USD",
        "c1",
    )
    assert (example.old.action, example.old.reasons) == ("allow", ())
    assert example.new.action == "block"
    assert example.new.reasons == (("TST-MID-001", "amount_usd 37.50 USD > 35"),)


def test_examples_come_from_many_rules() -> None:
    """One busy rule does not crowd the others out, and there are never more than asked for."""
    busy = rule_file("amount_usd > 10", rule_id="TST-BSY-001")
    rare = rule_file('channel == "branch"', rule_id="TST-RAR-001")
    messages = [event(f"e{number}", amount=20) for number in range(9)] + [event("r", channel="branch")]
    diff = diff_of((rule_file("amount_usd > 99"),), (busy, rare), messages, 3)
    assert [each.event_id for each in diff.examples(Kind.NEW_ALERT)] == ["e0", "r", "e1"]
    assert diff_of((), (busy,), messages, 0).examples(Kind.NEW_ALERT) == []


def test_events_that_lack_things_are_examples_too() -> None:
    """An amount without a value is no zero."""
    logins = rule_file('kind == "login"')
    diff = diff_of(
        (rule_file(),), (logins,), [event("a", kind="login", amount=None, currency=None, debtor=None)]
    )
    (example,) = diff.examples(Kind.NEW_ALERT)
    assert (example.amount, example.currency, example.debtor_id) == (None, None, None)


def test_only_judged_events_count() -> None:
    """Duplicates and dead letters are messages, and no decisions."""
    diff = diff_of(OLD, NEW, [event("a"), event("a"), b"x"])
    assert (diff.events_in, diff.judged) == (3, 1)
    assert diff_of(OLD, NEW, [b"x"]).changed_share == 0.0
