"""Inline tests of a rule as messages: the events before, and the event itself, on a fixed day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from fraudstream.events.money import EXPONENTS
from fraudstream.events.nesting import put
from fraudstream.events.schema import Schema
from fraudstream.events.times import format_time, parse_time
from fraudstream.rules.case_schema import Case
from fraudstream.rules.durations import parse_duration
from fraudstream.rules.errors import RulesetError, did_you_mean
from fraudstream.rules.ruleset import Rule
from fraudstream.rules.yaml_file import YamlPath

NOW_US = parse_time("2026-10-07T12:00:00Z")
"""The time of a case's event where it does not say `at`; a Wednesday."""

_AMOUNT_PREFIX = "amount_"


@dataclass(frozen=True)
class CaseMessages:
    """One case ready to run: the messages in order, the last of which is judged."""

    case: Case
    messages: list[bytes]


def case_messages(rule: Rule, schema: Schema) -> list[CaseMessages]:
    """Return the messages of every case of a rule; RulesetError where an event cannot be made."""
    tests = rule.spec.tests
    maker = _Maker(rule, schema)
    maker.check(tests.defaults, ("tests", "defaults"))
    for index, event in enumerate(tests.history):
        maker.check(event, ("tests", "history", index))
    result = []
    for index, case in enumerate(tests.cases):
        path = ("tests", "cases", index)
        history = tests.history if case.history is None else case.history
        for number, event in enumerate(case.history or ()):
            maker.check(event, (*path, "history", number))
        maker.check(case.event, (*path, "event"))
        messages = [maker.message(event, f"h{number}", path, case) for number, event in enumerate(history)]
        result.append(CaseMessages(case, [*messages, maker.message(case.event, "event", path, case)]))
    return result


class _Maker:
    """Makes the messages of one rule's cases."""

    def __init__(self, rule: Rule, schema: Schema) -> None:
        self._rule = rule
        self._known = {column.name for column in schema.columns} | {"at"}
        self._known |= {_AMOUNT_PREFIX + code.lower() for code in EXPONENTS}

    def check(self, flat: Mapping[str, Any], path: YamlPath) -> None:
        """Raise RulesetError at the first key that is no column."""
        for name in flat:
            if name not in self._known:
                remedy = did_you_mean(name, self._known) or "declare it in the topology"
                message = f"{name} is no column: {remedy}"
                raise RulesetError([self._rule.file.problem((*path, name), message)])

    def message(self, event: Mapping[str, Any], identity: str, path: YamlPath, case: Case) -> bytes:
        """Return the JSON of one event, the defaults put under it."""
        try:
            return _message({"status": "approved", **self._rule.spec.tests.defaults, **event}, identity)
        except (ValueError, OverflowError) as error:
            message = f"case {case.name!r} is no event: {error}"
            raise RulesetError([self._rule.file.problem(path, message)]) from None


def _message(flat: Mapping[str, Any], identity: str) -> bytes:
    nested: dict[str, Any] = {"id": identity, "occurred_at": format_time(NOW_US)}
    for name, value in flat.items():
        if name == "at":
            nested["occurred_at"] = format_time(_time_us(str(value)))
        elif name.startswith(_AMOUNT_PREFIX):
            nested["amount"] = value
            nested["currency"] = name.removeprefix(_AMOUNT_PREFIX).upper()
        else:
            put(nested, name, value)
    return orjson.dumps(nested)


def _time_us(text: str) -> int:
    """Read `-6d`, `-1h 30m`, `0s` as relative to NOW_US, or a full time."""
    sign = -1 if text.startswith("-") else 1
    try:
        return NOW_US + sign * sum(parse_duration(part) for part in text.lstrip("+-").split())
    except ValueError:
        return parse_time(text)
