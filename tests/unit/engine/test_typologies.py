"""Scores of typologies: hits of several rules add up, over one event or over an entity's window."""

from __future__ import annotations

from typing import Any

import pytest

from fraudstream.engine.actions import ACTIONS
from fraudstream.engine.step import Engine
from fraudstream.rules.errors import RulesetError
from fraudstream.rules.ruleset import build_ruleset
from tests.unit.rule_files import alerts_of, event, rule_file, rule_files

EVENT_SCORE = "over: event, weights: {TST-A-001: 30, TST-B-001: 50}"
ENTITY_SCORE = "over: {by: debtor.id, window: 1h}, weights: {TST-A-001: 30, TST-B-001: 50}"
BANDS = (
    "bands: [{from: 60, to: 80, action: hold, reason_code: ANY, reason: Some},"
    " {from: 80, action: block, reason_code: ANY, reason: Much}]"
)
NINE = "over: event, weights: {TST-A-001: 9}"
BANDED = "{of: amount_usd, outcomes: [{name: low, from: 10, to: 20}, {name: high, from: 20}]}"


def typologies(score: str) -> bytes:
    """Return a typologies file with one that has a score."""
    return (
        "schema: fraudstream.typologies/v1\n"
        "typologies:\n"
        "  any: {title: Any, description: Anything}\n"
        f"  both: {{title: Both, description: Two signs, score: {{{score}}}}}\n"
    ).encode()


def rules(bands: str = "") -> list[bytes]:
    """Return a rule A that hits channel pos, and a rule B that hits a purpose, with bands if given."""
    return [
        rule_file('channel == "pos"', rule_id="TST-A-001"),
        rule_file('purpose == "gift"', rule_id="TST-B-001", bands=bands),
    ]


def engine(score: str, bands: str = "") -> Engine:
    """Return an engine of both rules and a typology."""
    return Engine(build_ruleset(rule_files(*rules(bands), **{"typologies.yml": typologies(score)})))


def hit(name: str, what: str, at: str = "08:00:00", customer: str | None = "c1", amount: float = 1) -> bytes:
    """Return an event that rule A, rule B or both hit."""
    fields: dict[str, Any] = {"channel": "pos"} if "a" in what else {}
    fields |= {"purpose": "gift"} if "b" in what else {}
    debtor = {"id": customer} if customer else None
    return event(name, f"2026-03-02T{at}Z", amount=amount, debtor=debtor, **fields)


def actions(engine: Engine, *events: bytes) -> list[str]:
    """Return what is decided on some events."""
    return [ACTIONS[each] for each in engine.step(events).decisions.action.tolist()]


def test_hits_of_one_event_add_up() -> None:
    """Either alone stays below the first band."""
    decided = actions(engine(f"{EVENT_SCORE}, {BANDS}"), hit("1", "a"), hit("2", "b"), hit("3", "ab"))
    assert decided == ["review", "review", "block"]


def test_a_score_at_or_over_the_end_of_the_last_band_leads_to_nothing() -> None:
    """An end that is given is exclusive."""
    closed = "bands: [{from: 60, to: 80, action: hold, reason_code: ANY, reason: Some}]"
    assert actions(engine(f"{EVENT_SCORE}, {closed}"), hit("1", "ab")) == ["review"]


def test_an_alert_tells_score_band_reason_and_contributing_rules() -> None:
    """So that an officer sees why the whole is more than its parts."""
    (alert,) = alerts_of(engine(f"{EVENT_SCORE}, {BANDS}"), hit("e", "ab"))
    any_, both = alert["typologies"]
    assert (any_["id"], any_["score"], any_["rules"]) == ("any", None, [])
    assert both == {
        "id": "both",
        "title": "Both",
        "score": 80,
        "band": {"from": 80, "to": None},
        "action": "block",
        "reason_code": "ANY",
        "reason": "Much",
        "rules": [
            {
                "id": rule,
                "band": None,
                "weight": weight,
                "event_id": "e",
                "occurred_at": "2026-03-02T08:00:00Z",
            }
            for rule, weight in (("TST-A-001", 30), ("TST-B-001", 50))
        ],
    }
    assert alert["action"] == "block"
    assert alert["score"] == 20


def test_hits_of_an_entity_add_up_within_the_window() -> None:
    """An hour later to the microsecond the first hit counts no more; another customer's never did."""
    engine_ = engine(f"{ENTITY_SCORE}, {BANDS}")
    decided = actions(
        engine_,
        hit("1", "a", "08:00:00"),
        hit("2", "b", "08:30:00", customer="c2"),
        hit("3", "b", "08:59:59.999999"),
        hit("4", "a", "10:00:00"),
        hit("5", "b", "11:00:00"),
    )
    assert decided == ["review", "review", "block", "review", "review"]


def test_a_rule_counts_once_however_often_it_hits() -> None:
    """Three times 30 stay 30."""
    events = [hit(str(number), "a", f"08:0{number}:00") for number in range(3)]
    assert actions(engine(f"{ENTITY_SCORE}, {BANDS}"), *events) == ["review"] * 3


def test_a_rule_with_weighted_bands_counts_with_the_largest() -> None:
    """A later hit in a lower band does not make it less."""
    score = (
        "over: {by: debtor.id, window: 1h}, weights: {TST-A-001: 30, TST-B-001.low: 10, TST-B-001.high: 50}"
    )
    decided = actions(
        engine(f"{score}, {BANDS}", BANDED),
        hit("1", "b", "08:00:00", amount=25),
        hit("2", "b", "08:10:00", amount=15),
        hit("3", "a", "08:20:00", amount=1),
        hit("4", "a", "09:05:00", amount=1),
    )
    assert decided == ["review", "review", "block", "review"]


def test_a_late_event_sees_what_was_before_it() -> None:
    """Hits take their place in event time, and a later one is not seen by an earlier event."""
    decided = actions(
        engine(f"{ENTITY_SCORE}, {BANDS}"),
        hit("1", "a", "08:30:00"),
        hit("2", "b", "08:29:59"),
        hit("3", "b", "08:30:00"),
    )
    assert decided == ["review", "review", "block"]


def test_without_the_key_nothing_adds_up() -> None:
    """Two unknown customers are not one customer."""
    events = [hit("1", "a", customer=None), hit("2", "b", customer=None), hit("3", "ab", customer=None)]
    assert actions(engine(f"{ENTITY_SCORE}, {BANDS}"), *events) == ["review"] * 3


def test_a_suppressed_typology_still_decides() -> None:
    """Its alert is told once, then the rules' own alerts go on without it."""
    engine_ = engine(f"{EVENT_SCORE}, {BANDS}, suppress: {{by: debtor.id, for: 1h}}")
    result = engine_.step([hit("1", "ab"), hit("2", "ab", "08:59:59"), hit("3", "ab", "09:00:00")])
    assert [ACTIONS[each] for each in result.decisions.action.tolist()] == ["block"] * 3
    assert result.suppressed == 1
    assert [b'"both"' in alert.value for alert in result.alerts] == [True, False, True]


def test_a_longer_window_does_not_bring_back_what_was_over() -> None:
    """A reload finds the hits that lay within the window of before and its lateness."""
    shorter = ENTITY_SCORE.replace("1h", "1s")
    for at, action in (("08:04:59", "review"), ("08:05:00", "block")):
        reloaded = engine(f"{shorter}, {BANDS}")
        reloaded.step([hit("1", "a", at), hit("2", "", "08:10:00")])
        reloaded.reload(reloaded.prepare(engine(f"{ENTITY_SCORE}, {BANDS}").ruleset))
        assert actions(reloaded, hit("3", "b", "08:10:00")) == [action]


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_the_window_goes_on_after_a_snapshot(cut: int) -> None:
    """Wherever the stream is cut and the state moved to another engine."""
    events = [hit("1", "a", "08:00:00"), hit("2", "a", "08:10:00"), hit("3", "b", "08:20:00"), hit("4", "b")]
    before, after = (engine(f"{ENTITY_SCORE}, {BANDS}") for _ in range(2))
    first = actions(before, *events[:cut])
    after._stages._decider.restore(before._stages._decider.snapshot())
    after._watermark.restore(before._watermark.snapshot())
    whole = actions(engine(f"{ENTITY_SCORE}, {BANDS}"), *events)
    assert first + actions(after, *events[cut:]) == whole


@pytest.mark.parametrize(
    ("score", "message"),
    [
        (
            f"over: event, weights: {{TST-A-002: 90}}, {BANDS}",
            "there is no rule TST-A-002: did you mean TST-A-001?",
        ),
        (
            f"over: event, weights: {{TST-B-001.hi: 90}}, {BANDS}",
            "TST-B-001 has no band hi: did you mean high?",
        ),
        (
            f"over: event, weights: {{TST-A-001.x: 90}}, {BANDS}",
            "TST-A-001 has no band x: it has none, weigh the rule itself",
        ),
        (
            f"over: event, weights: {{TST-B-001: 90, TST-B-001.low: 1}}, {BANDS}",
            "TST-B-001 is weighed as a whole as well: keep either its weight or those of its bands",
        ),
        (
            "over: event, weights: {TST-A-001: 90}, bands: [{from: 1, to: 5, action: hold, reason_code: ANY,"
            " reason: x}, {from: 6, action: hold, reason_code: ANY, reason: x}]",
            "bands 1 and 6 leave a gap between 5 and 6: let 6 begin at 5",
        ),
        (
            "over: event, weights: {TST-A-001: 90}, bands: [{from: 1, to: 7, action: hold, reason_code: ANY,"
            " reason: x}, {from: 6, action: hold, reason_code: ANY, reason: x}]",
            "bands 1 and 6 overlap between 7 and 6: let 6 begin at 7",
        ),
        (
            "over: event, weights: {TST-B-001.low: 9, TST-B-001.high: 5},"
            " bands: [{from: 10, action: hold, reason_code: ANY, reason: x}]",
            "the weights add up to 9 at most: lower the band, or raise a weight",
        ),
        (
            f"{NINE}, bands: [{{from: 5, action: allow, reason_code: ANY, reason: x}}]",
            "a band that allows does nothing: begin the first band where something is done",
        ),
        (
            f"{NINE}, bands: [{{from: 5, action: hold, reason_code: ANI, reason: x}}]",
            "reason code ANI is unknown: did you mean ANY?",
        ),
        (
            f"over: {{by: debtor.idd, window: 1h}}, weights: {{TST-A-001: 90}}, {BANDS}",
            "debtor.idd is no text column: did you mean debtor.id?",
        ),
        (
            f"over: events, weights: {{TST-A-001: 90}}, {BANDS}",
            "typologies.both.score.over: write event, or {by: COLUMN, window: DURATION}",
        ),
    ],
)
def test_what_can_never_add_up_is_refused(score: str, message: str) -> None:
    """Each with its file, line, column and remedy."""
    with pytest.raises(RulesetError) as error:
        engine(score, BANDED)
    (problem,) = error.value.problems
    assert (problem.file, problem.line, problem.message) == ("typologies.yml", 4, message)
    assert problem.column > 1
