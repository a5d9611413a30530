"""Shadow rules: what they would tell is told apart, and nothing of it is decided."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from fraudstream.engine.result import AlertKind, Shadow, StepResult, joined
from fraudstream.engine.step import Engine, Settings
from fraudstream.rules.ruleset import Ruleset, build_ruleset
from tests.keyed_fold import KeyedFold
from tests.unit.rule_files import event, rule_file, rule_files, ruleset_of
from tests.unit.workbench.histories import drawn

TOLD = Settings(shadow_alerts=True)
THEN = (
    "{action: hold, score: 30, reason_code: ANY, alerts_per_hour_max: 1, suppress: {by: debtor.id, for: 2h}}"
)
LIVE = rule_file("amount_usd > 20", then=THEN)
BANDS = (
    "{of: amount_usd, outcomes: [{name: low, from: 10, to: 20, score: 5}, {name: high, from: 20, to: 50}]}"
)
FEATURES = "{n: {count: events, by: debtor.id, window: 6h}}"
NEW = ("TST-NEW-001", 'kind == "transfer" and n > 2')
CONTEXT = ("ruleset_version", "alert_id", "shadow")
LISTED = {
    "lists/friends.yml": b"schema: fraudstream.list/v1\nid: friends\ntitle: Friends\nsource: a test\n"
    b"retrieved: 2026-01-01\nentries: [{value: c1}]\n",
    "actions.yml": b"schema: fraudstream.actions/v1\n"
    b"allow_lists: [{column: debtor.id, list: friends, at_most: review, reason: Known}]\n",
}


def new_rule(status: str = "shadow", **parts: str) -> bytes:
    """Return a rule that counts, with bands, quiet keys and a budget."""
    rule_id, when = NEW
    given: dict[str, Any] = {"features": FEATURES, "then": THEN, "bands": BANDS, **parts}
    return rule_file(when, rule_id=rule_id, status=status, **given)


def folded(engine: Engine, messages: Sequence[bytes], batch_events: int = 500) -> StepResult:
    """Return what came of messages, as if they had been one batch."""
    starts = range(0, len(messages), batch_events)
    return joined([(start, engine.step(messages[start : start + batch_events])) for start in starts])


def told(alerts: Sequence[Any], without: Sequence[str] = CONTEXT) -> list[tuple[int, bytes, dict[str, Any]]]:
    """Return rows, keys and contents of alerts, but for some words."""
    contents = [orjson.loads(alert.value) for alert in alerts]
    return [
        (alert.row, alert.key, {name: each for name, each in content.items() if name not in without})
        for alert, content in zip(alerts, contents, strict=True)
    ]


def test_a_shadow_alert_is_what_the_rule_would_tell() -> None:
    """Alerts and summaries are those of the same rule if it alone were live, and say that they are shadow."""
    messages = drawn(900)
    shadow = folded(Engine(ruleset_of(LIVE, new_rule()), TOLD), messages)
    alone = folded(Engine(ruleset_of(new_rule("live"))), messages)
    assert told(shadow.shadow.alerts) == told(alone.alerts)
    kinds = Counter(alert.kind for alert in shadow.shadow.alerts)
    assert min(kinds[AlertKind.EVENT], kinds[AlertKind.OVERFLOW]) > 20
    assert {orjson.loads(alert.value)["shadow"] for alert in shadow.shadow.alerts} == {True}
    assert Counter(rule for _, rule in shadow.shadow.told) == {NEW[0]: kinds[AlertKind.EVENT]}


def test_live_rules_tell_what_they_told_without_it() -> None:
    """Neither alerts nor decisions change with a shadow rule beside, and live alerts say what they are."""
    messages = drawn(900)
    beside = folded(Engine(ruleset_of(LIVE, new_rule()), TOLD), messages)
    alone = folded(Engine(ruleset_of(LIVE), TOLD), messages)
    assert told(beside.alerts) == told(alone.alerts)
    assert (beside.decisions.action == alone.decisions.action).all()
    assert (beside.decisions.score == alone.decisions.score).all()
    assert (beside.suppressed, beside.held_back) == (alone.suppressed, alone.held_back)
    assert {orjson.loads(alert.value)["shadow"] for alert in beside.alerts} == {False}
    assert alone.shadow == Shadow()


def test_without_a_reader_shadow_alerts_are_only_counted() -> None:
    """What would be told is the same, and nothing is written."""
    messages = drawn(400)
    written = folded(Engine(ruleset_of(LIVE, new_rule()), TOLD), messages).shadow
    counted = folded(Engine(ruleset_of(LIVE, new_rule())), messages).shadow
    assert counted.alerts == []
    assert (counted.told, counted.changes, counted.decisions) == (
        written.told,
        written.changes,
        written.decisions,
    )


ROLLED = rule_file(
    "amount_usd > 10",
    rule_id="TST-ROL-001",
    extra="rollout: {percent: 50, by: debtor.id}\n",
    then="{action: block, score: 30, reason_code: ANY, alerts_per_hour_max: 1}",
)
BOTH = ruleset_of(LIVE, new_rule(), ROLLED)


@pytest.mark.parametrize("batch_events", [1, 7, 5_000])
def test_neither_batches_nor_saving_nor_reloading_change_a_byte(batch_events: int) -> None:
    """Quiet keys, budgets and summaries of shadow rules are part of the state."""
    messages = drawn(700)
    whole = folded(Engine(BOTH, TOLD), messages, 700)
    engine = Engine(BOTH, TOLD)
    first = folded(engine, messages[:350], batch_events)
    saved = copy.deepcopy(engine.snapshot())
    engine = Engine(BOTH, TOLD)
    engine.restore(saved)
    engine.reload(engine.prepare(BOTH))
    again = joined([(0, first), (350, folded(engine, messages[350:], batch_events))])
    assert again.shadow == whole.shadow
    assert again.alerts == whole.alerts
    assert len(whole.shadow.alerts) > 50


def test_the_stages_of_a_keyed_topology_tell_the_same() -> None:
    """Shadow alerts are the same to the byte, and so is what is counted."""
    messages = drawn(300)
    whole = Engine(BOTH, TOLD).step(messages)
    keyed = KeyedFold(BOTH, TOLD, 3).step(messages)
    assert keyed.shadow == whole.shadow
    assert (keyed.alerts, len(whole.shadow.alerts) > 20) == (whole.alerts, True)


QUIET = "{action: hold, score: 30, reason_code: ANY, suppress: {by: debtor.id, for: 24h}}"


@pytest.mark.parametrize(("is_old", "tells"), [(False, 0), (True, 1)])
def test_a_snapshot_of_a_time_when_shadow_rules_were_only_counted_is_read(is_old: bool, tells: int) -> None:
    """Its shadow rules have told nothing yet; those of another one are as quiet as they were."""
    ruleset = ruleset_of(rule_file(status="shadow", then=QUIET))
    engine, again = Engine(ruleset, TOLD), Engine(ruleset, TOLD)
    assert len(engine.step([event("a", amount=500)]).shadow.alerts) == 1
    saved = copy.deepcopy(engine.snapshot())
    if is_old:
        del saved["stages"]["shadow"]
    again.restore(saved)
    assert len(again.step([event("b", amount=500)]).shadow.alerts) == tells


def rules_with_lists(*rules: bytes) -> Ruleset:
    """Return rules beside an allow-list by which c1 is reviewed at most."""
    return build_ruleset(rule_files(*rules, **LISTED))


def test_decisions_that_would_change_are_counted() -> None:
    """By rule where it alone would make one graver, and by both actions where all together would."""
    review = rule_file("amount_usd > 100", rule_id="TST-LIV-001")
    hold = rule_file(
        "amount_usd > 50",
        rule_id="TST-HLD-001",
        status="shadow",
        then="{action: hold, score: 9, reason_code: ANY}",
    )
    mild = rule_file("amount_usd > 10", rule_id="TST-MLD-001", status="shadow")
    engine = Engine(rules_with_lists(review, hold, mild), TOLD)
    amounts = [(5, "c2"), (20, "c2"), (60, "c2"), (500, "c2"), (60, "c1"), (500, "c1")]
    result = engine.step(
        [event(f"e{row}", amount=amount, debtor={"id": who}) for row, (amount, who) in enumerate(amounts)]
    )
    shadow = result.shadow
    assert shadow.decisions == {("allow", "review"): 2, ("allow", "hold"): 1, ("review", "hold"): 1}
    assert shadow.changes == {"TST-HLD-001": 3, "TST-MLD-001": 3}
    alerts = [orjson.loads(alert.value) for alert in shadow.alerts]
    assert [(each["event"]["id"], each["action"], each["score"]) for each in alerts] == [
        ("e1", "review", 10),
        ("e2", "hold", 19),
        ("e3", "hold", 19),
        ("e4", "review", 19),
        ("e5", "review", 19),
    ]
    assert alerts[3]["allowed_by"]["list"] == "friends"
    assert result.allowed == {}


def test_a_shadow_rule_that_asks_for_nothing_is_only_counted() -> None:
    """It changes no decision, and tells nothing."""
    asks = rule_file(status="shadow", then="{action: allow, score: 0, reason_code: ANY}")
    result = Engine(ruleset_of(asks), TOLD).step([event("a", amount=500)])
    assert (result.shadow, result.rule_outcomes.tolist()) == (Shadow(), [[1, 0, 0]])


def test_a_shadow_rule_adds_to_no_typology() -> None:
    """Its weight counts once it is live; until then neither action nor alert knows of it."""
    typologies = (
        b"schema: fraudstream.typologies/v1\ntypologies:\n  any:\n    title: Any\n    description: Anything\n"
        b"    score: {over: event, weights: {TST-ANY-001: 60},\n"
        b"      bands: [{from: 50, action: block, reason_code: ANY, reason: Much}]}\n"
    )
    shadow, live = (
        Engine(build_ruleset(rule_files(rule_file(status=status), **{"typologies.yml": typologies})), TOLD)
        for status in ("shadow", "live")
    )
    message = event("a", amount=500)
    (told_,) = shadow.step([message]).shadow.alerts
    assert (orjson.loads(told_.value)["action"], orjson.loads(told_.value)["typologies"][0]["score"]) == (
        "review",
        None,
    )
    assert orjson.loads(live.step([message]).alerts[0].value)["action"] == "block"


def test_what_it_would_have_told_is_forgotten_when_it_goes_live() -> None:
    """The quiet keys of its shadow time keep no live alert back."""
    engine = Engine(ruleset_of(rule_file(status="shadow", then=QUIET)), TOLD)
    assert len(engine.step([event("a", amount=500), event("b", amount=500)]).shadow.alerts) == 1
    engine.reload(engine.prepare(ruleset_of(rule_file(then=QUIET, version=2))))
    result = engine.step([event("c", amount=500), event("d", amount=500)])
    assert ([alert.row for alert in result.alerts], result.shadow.alerts) == ([0], [])


def test_a_label_may_name_a_shadow_alert() -> None:
    """Whoever judges it gives back its id, as with any alert."""
    counts = {"features": "{frauds: {count: frauds, by: debtor.id, window: 7d}}", "rule_id": "TST-FRD-001"}
    engine = Engine(ruleset_of(rule_file(status="shadow"), rule_file("frauds > 1", **counts)), TOLD)  # type: ignore[arg-type]
    (alert,) = engine.step([event("a", amount=500)]).shadow.alerts
    label = {"schema": "fraudstream.label/v1", "label": "fraud", "alert_id": alert.alert_id}
    assert engine.learn([orjson.dumps(label)]).labels["fraud"] == 1
