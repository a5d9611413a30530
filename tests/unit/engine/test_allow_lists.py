"""Allow-lists: what is known to be good gets no graver action than they say."""

from __future__ import annotations

import orjson
import pytest

from fraudstream.engine.actions import ACTIONS
from fraudstream.engine.step import Engine
from fraudstream.rules.errors import RulesetError
from fraudstream.rules.ruleset import build_ruleset
from tests.unit.rule_files import event, rule_file, rule_files

TYPOLOGIES = (
    b"schema: fraudstream.typologies/v1\n"
    b"typologies: {any: {title: Any, description: x}, grave: {title: Grave, description: x}}\n"
)
FRIENDS = b"""schema: fraudstream.list/v1
id: friends
title: Friends
source: a test
retrieved: 2026-01-01
entries: [{value: c1}, {value: c2, from: 2026-03-01, to: 2026-03-03}, {value: c3, from: 2026-03-03}]
"""
TO_REVIEW = "{column: debtor.id, list: friends, at_most: review, except: [grave], reason: Known}"
TO_ALLOW = "{column: creditor.id, list: friends, at_most: allow, reason: Ours}"


def rules() -> list[bytes]:
    """Return a rule that blocks, and a grave one that holds gifts."""
    block = "{action: block, score: 60, reason_code: ANY}"
    hold = block.replace("block", "hold")
    grave = rule_file('purpose == "gift"', then=hold, rule_id="TST-GRV-001")
    grave = grave.replace(b"typology: any", b"typology: grave")
    return [rule_file('channel == "pos"', then=block), grave]


def engine(*entries: str) -> Engine:
    """Return an engine with some allow-lists."""
    actions = f"schema: fraudstream.actions/v1\nallow_lists: [{', '.join(entries)}]\n".encode()
    others = {"actions.yml": actions, "typologies.yml": TYPOLOGIES, "lists/friends.yml": FRIENDS}
    return Engine(build_ruleset(rule_files(*rules(), **others)))


@pytest.mark.parametrize(
    ("customer", "purpose", "action"),
    [
        ("c1", "rent", "review"),
        ("c1", "gift", "hold"),
        ("c2", "rent", "review"),
        ("c3", "rent", "block"),
        ("c9", "rent", "block"),
        (None, "rent", "block"),
    ],
)
def test_the_action_is_capped_while_the_entry_counts(customer: str | None, purpose: str, action: str) -> None:
    """On the list at the time of the event, and not for the typologies that are excepted."""
    debtor = {"id": customer} if customer else None
    result = engine(TO_REVIEW).step([event("e", channel="pos", purpose=purpose, debtor=debtor)])
    assert ACTIONS[result.decisions.action[0]] == action
    assert result.allowed == ({"friends": 1} if action != "block" else {})


def test_an_alert_says_what_capped_it_and_keeps_the_score() -> None:
    """What the rules asked for stays to be seen."""
    (alert,) = engine(TO_REVIEW).step([event("e", channel="pos")]).alerts
    content = orjson.loads(alert.value)
    assert content["allowed_by"] == {
        "column": "debtor.id",
        "list": "friends",
        "at_most": "review",
        "reason": "Known",
    }
    assert (content["action"], content["score"], content["rules"][0]["action"]) == ("review", 60, "block")


@pytest.mark.parametrize("entries", [(TO_REVIEW, TO_ALLOW), (TO_ALLOW, TO_REVIEW)])
def test_the_lowest_cap_wins_and_what_is_allowed_raises_no_alert(entries: tuple[str, str]) -> None:
    """In whatever order the entries stand."""
    result = engine(*entries).step([event("e", channel="pos", creditor={"id": "c1"})])
    assert (ACTIONS[result.decisions.action[0]], result.alerts) == ("allow", [])
    assert result.rule_outcomes.tolist() == [[1, 0, 0], [0, 0, 1]]


def test_an_exception_keeps_its_action_below_another_entry() -> None:
    """One entry excepts the grave rule, the other caps it too."""
    result = engine(TO_REVIEW, TO_ALLOW).step([event("e", purpose="gift", creditor={"id": "c1"})])
    assert ACTIONS[result.decisions.action[0]] == "allow"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            TO_REVIEW.replace("list: friends", "list: friend"),
            "there is no list friend: did you mean friends?",
        ),
        (TO_REVIEW.replace("[grave]", "[gave]"), "there is no typology gave: did you mean grave?"),
        (
            TO_REVIEW.replace("debtor.id", "debtor.idd"),
            "debtor.idd is no text column: did you mean debtor.id?",
        ),
        (
            TO_REVIEW.replace("at_most: review", "at_most: block"),
            "nothing is graver than block: lower at_most, or take the entry out",
        ),
    ],
)
def test_an_entry_that_can_cap_nothing_is_refused(entry: str, message: str) -> None:
    """With its file, line, column and remedy."""
    with pytest.raises(RulesetError) as error:
        engine(entry)
    (problem,) = error.value.problems
    assert (problem.file, problem.line, problem.message) == ("actions.yml", 2, message)
