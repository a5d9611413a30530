"""The lock: no edit without a new version, no id twice."""

from __future__ import annotations

import pytest

from fraudstream.rules.lock import Lock, check_history, check_lock, new_lock
from tests.unit.rule_files import rule_file, ruleset_of

LOCK: Lock = new_lock(ruleset_of(rule_file()), {})


def broken(*rules: bytes, lock: Lock = LOCK) -> list[str]:
    """Return how some rules break with a lock's history."""
    return [str(problem) for problem in check_history(ruleset_of(*rules), lock)]


def test_a_locked_rule_passes() -> None:
    """The lock describes the rule as it is."""
    assert check_lock(ruleset_of(rule_file()), LOCK) == []


@pytest.mark.parametrize(
    "edited",
    [
        rule_file("amount_usd > 101"),
        rule_file(status="shadow"),
        rule_file(then="{action: hold, score: 10, reason_code: ANY}"),
        rule_file(params="{unused: 1}"),
        rule_file().replace(b"title: A rule", b"title: The rule"),
    ],
)
def test_an_edit_without_a_new_version_fails(edited: bytes) -> None:
    """Thresholds, status, action, parameters and words all count."""
    remedy = "raise its version, then run `fraudstream rules lock`"
    assert broken(edited) == [f"x/0.yml:3:10: TST-ANY-001 was edited but is still version 1: {remedy}"]


@pytest.mark.parametrize(
    "rewritten",
    [
        rule_file(cases="[]"),
        b"# A remark\n" + rule_file(),
        rule_file().replace(b"score: 10", b"score:    10"),
    ],
)
def test_tests_and_layout_may_change(rewritten: bytes) -> None:
    """Only what a rule does is locked."""
    assert broken(rewritten) == []
    assert check_lock(ruleset_of(rewritten), LOCK) == []


def test_an_edit_with_a_new_version_wants_only_to_be_locked() -> None:
    """After the lock is written anew there is nothing left to say."""
    ruleset = ruleset_of(rule_file("amount_usd > 101", version=2))
    assert check_history(ruleset, LOCK) == []
    assert [problem.message for problem in check_lock(ruleset, LOCK)] == [
        "TST-ANY-001 is not locked as it is: run `fraudstream rules lock`"
    ]
    assert check_lock(ruleset, new_lock(ruleset, LOCK)) == []


def test_a_version_never_goes_back() -> None:
    """Version 2 is followed by 3."""
    lock = new_lock(ruleset_of(rule_file(version=2)), {})
    remedy = "raise its version, then run `fraudstream rules lock`"
    assert broken(rule_file(), lock=lock) == [
        f"x/0.yml:3:10: TST-ANY-001 goes back from version 2 to 1: {remedy}"
    ]


def test_a_retired_id_is_never_used_again() -> None:
    """A rule that is gone stays in the lock, and its id cannot come back in any version."""
    lock = new_lock(ruleset_of(), LOCK)
    message = "x/0.yml:2:5: TST-ANY-001 was retired, and ids are never used again: choose a new id"
    assert broken(rule_file(), lock=lock) == [message]
    assert broken(rule_file("amount_usd > 7", version=9), lock=lock) == [message]
    assert broken(rule_file(rule_id="TST-ANY-002"), lock=lock) == []


def test_a_rule_that_says_it_is_retired_never_comes_back() -> None:
    """Its file may stay, and its words may be mended; no other status is open to it any more."""
    retired = ruleset_of(rule_file(status="retired", version=2))
    assert check_history(retired, LOCK) == []
    lock = new_lock(retired, LOCK)
    assert check_lock(retired, lock) == []
    assert broken(rule_file("amount_usd > 7", status="retired", version=3), lock=lock) == []
    message = "x/0.yml:2:5: TST-ANY-001 was retired, and ids are never used again: choose a new id"
    for status in ("draft", "shadow", "live"):
        assert broken(rule_file(status=status, version=3), lock=lock) == [message]
    gone = new_lock(ruleset_of(), lock)
    assert broken(rule_file(version=9), lock=gone) == [message]


@pytest.mark.parametrize("status", ["draft", "shadow", "live", "retired"])
def test_all_other_steps_of_the_ladder_are_open(status: str) -> None:
    """A new version may stand anywhere: what is retired is the only end."""
    for before in ("draft", "shadow", "live"):
        lock = new_lock(ruleset_of(rule_file(status=before)), {})
        assert broken(rule_file(status=status, version=2), lock=lock) == []


def test_a_rollout_is_part_of_what_is_locked() -> None:
    """Raising the percentage is an edit, and raises the version."""
    one, two = (rule_file(extra=f"rollout: {{percent: {each}, by: debtor.id}}\n") for each in (10, 50))
    lock = new_lock(ruleset_of(one), {})
    assert broken(one, lock=lock) == []
    assert "was edited but is still version 1" in broken(two, lock=lock)[0]


def test_a_lock_survives_any_number_of_retirements() -> None:
    """What was retired once stays so in later locks."""
    lock = new_lock(ruleset_of(rule_file(rule_id="TST-ANY-002")), new_lock(ruleset_of(), LOCK))
    assert lock["TST-ANY-001"]["retired"] is True
    assert "retired" not in lock["TST-ANY-002"]
