"""Inline tests as messages."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from fraudstream.events.schema import Schema
from fraudstream.rules.cases import case_messages
from tests.unit.rule_files import rule_file, ruleset_of


def messages(cases: str, shared: str = "") -> list[list[dict[str, Any]]]:
    """Return the messages of each case of a rule; `shared` stands beside the cases."""
    rule = rule_file(cases=f"{cases}{shared}")
    return [
        [orjson.loads(each) for each in case.messages]
        for case in case_messages(ruleset_of(rule).rules[0], Schema())
    ]


def test_defaults_lie_under_history_and_event() -> None:
    """What a case says itself goes before; dotted names are nested."""
    shared = ", defaults: {kind: transfer, debtor.id: c1}, history: [{at: -1h, debtor.id: c2}]"
    ((before, event),) = messages("[{name: a, event: {kind: loan}, expect: hit}]", shared)
    assert (before["kind"], before["debtor"]) == ("transfer", {"id": "c2"})
    assert (event["kind"], event["debtor"]) == ("loan", {"id": "c1"})
    assert event["status"] == "approved"
    assert before["id"] != event["id"]


def test_a_case_s_own_history_replaces_the_shared_one() -> None:
    """An empty history is a history."""
    shared = ", history: [{at: -1h}, {at: -2h}]"
    cases = messages("[{name: a, expect: hit}, {name: b, history: [], expect: hit}]", shared)
    assert [len(case) for case in cases] == [3, 1]


@pytest.mark.parametrize(
    ("at", "occurred_at"),
    [
        ("0s", "2026-10-07T12:00:00Z"),
        ("-6d", "2026-10-01T12:00:00Z"),
        ("-1h 30m", "2026-10-07T10:30:00Z"),
        ("2h", "2026-10-07T14:00:00Z"),
        ("+2h", "2026-10-07T14:00:00Z"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ('"2026-01-02T03:04:05+01:00"', "2026-01-02T02:04:05Z"),
    ],
)
def test_times_count_from_noon_of_a_wednesday(at: str, occurred_at: str) -> None:
    """Relative to the event's usual time, or in full."""
    ((event,),) = messages(f"[{{name: a, event: {{at: {at}}}, expect: hit}}]")
    assert event["occurred_at"] == occurred_at


def test_an_amount_brings_its_currency() -> None:
    """`amount_jpy` is an amount in yen; other names that begin so are columns."""
    ((event,),) = messages("[{name: a, event: {amount_jpy: 500}, expect: hit}]")
    assert (event["amount"], event["currency"]) == (500, "JPY")
