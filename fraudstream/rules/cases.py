"""Inline tests of a rule as messages: the events before, and the event itself, on a fixed day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from fraudstream.events.money import EXPONENTS
from fraudstream.events.times import format_time, parse_time
from fraudstream.rules.durations import parse_duration
from fraudstream.rules.ruleset import Rule
from fraudstream.rules.schema import Case

NOW_US = parse_time("2026-10-07T12:00:00Z")
"""The time of a case's event where it does not say `at`; a Wednesday."""

_AMOUNT_PREFIX = "amount_"


@dataclass(frozen=True)
class CaseMessages:
    """One case ready to run: the messages in order, the last of which is judged."""

    case: Case
    messages: list[bytes]


def case_messages(rule: Rule) -> list[CaseMessages]:
    """Return the messages of every case of a rule; ValueError where an event cannot be made."""
    tests = rule.spec.tests
    result = []
    for case in tests.cases:
        history = tests.history if case.history is None else case.history
        base = {"status": "approved", **tests.defaults}
        messages = [_message({**base, **event}, f"h{index}") for index, event in enumerate(history)]
        result.append(CaseMessages(case, [*messages, _message({**base, **case.event}, "event")]))
    return result


def _message(flat: Mapping[str, Any], identity: str) -> bytes:
    nested: dict[str, Any] = {"id": identity, "occurred_at": format_time(NOW_US)}
    for name, value in flat.items():
        if name == "at":
            nested["occurred_at"] = format_time(_time_us(str(value)))
        elif name.startswith(_AMOUNT_PREFIX) and name.removeprefix(_AMOUNT_PREFIX).upper() in EXPONENTS:
            nested["amount"] = value
            nested["currency"] = name.removeprefix(_AMOUNT_PREFIX).upper()
        else:
            _put(nested, name, value)
    return orjson.dumps(nested)


def _put(nested: dict[str, Any], name: str, value: Any) -> None:
    *path, last = name.split(".")
    for part in path:
        nested = nested.setdefault(part, {})
    nested[last] = value


def _time_us(text: str) -> int:
    """Read `-6d`, `-1h 30m`, `0s` as relative to NOW_US, or a full time."""
    sign = -1 if text.startswith("-") else 1
    try:
        return NOW_US + sign * sum(parse_duration(part) for part in text.lstrip("+-").split())
    except ValueError:
        return parse_time(text)
