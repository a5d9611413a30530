"""Prints a ruleset as the files that the engine reads; JSON is YAML."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

from tests.oracle.language import (
    MINUTE_US,
    SECOND_US,
    Between,
    Call,
    Chain,
    Column,
    Compute,
    Condition,
    Converted,
    Every,
    Holiday,
    IsNull,
    Listed,
    Minus,
    Money,
    Number,
    OneOf,
    Outcome,
    Read,
    Some,
    Span,
    Text,
    TextTest,
    Unless,
    Value,
)
from tests.oracle.rulesets import Band, Feature, ListEntry, Rule, Ruleset, Suppress, Typology

Params = dict[str, int | float | str | dict[str, Any]]
"""The parameters of a rule, found while its conditions are written."""
_CASE = {"name": "any", "event": {"kind": "login"}, "expect": "miss"}


def files_of(ruleset: Ruleset) -> dict[str, bytes]:
    """Return the rule directory of a ruleset: file name to content."""
    files: dict[str, Any] = {
        "typologies.yml": {
            "schema": "fraudstream.typologies/v1",
            "typologies": {each.name: _typology(each) for each in ruleset.typologies},
        },
        "reason_codes.yml": {"schema": "fraudstream.reason_codes/v1", "reason_codes": {"ANY": "Anything"}},
        "rates.yml": {
            "schema": "fraudstream.rates/v1",
            "base": ruleset.base,
            "source": "invented",
            "rates": [
                {"from": day.isoformat(), "per_base": {code: float(rate) for code, rate in rates}}
                for day, rates in ruleset.rates
            ],
        },
    }
    files |= {f"lists/{name}.yml": _list(name, entries) for name, entries in ruleset.lists}
    if ruleset.allow_lists or ruleset.alerts_per_hour_max:
        files["actions.yml"] = _actions(ruleset)
    files |= {f"x/{rule.id.lower()}.yml": _rule(rule) for rule in ruleset.rules}
    return {name: json.dumps(content).encode() for name, content in files.items()}


def _typology(typology: Typology) -> dict[str, Any]:
    content: dict[str, Any] = {"title": typology.name, "description": "Anything"}
    if typology.weights:
        content["score"] = {
            "over": {"by": list(typology.by), "window": _duration(typology.window_us)}
            if typology.by
            else "event",
            "weights": dict(typology.weights),
            "bands": [
                {**_limits(band), "action": band.action, "reason_code": "ANY", "reason": "Anything"}
                for band in typology.bands
            ],
        }
        if typology.suppress is not None:
            content["score"]["suppress"] = _suppress(typology.suppress)
    return content


def _list(name: str, entries: tuple[ListEntry, ...]) -> dict[str, Any]:
    return {
        "schema": "fraudstream.list/v1",
        "id": name,
        "title": name,
        "source": "invented",
        "retrieved": "2026-01-01",
        "entries": [{"value": each.text, **_days(each.first_day, each.last_day)} for each in entries],
    }


def _actions(ruleset: Ruleset) -> dict[str, Any]:
    content: dict[str, Any] = {
        "schema": "fraudstream.actions/v1",
        "allow_lists": [
            {
                "column": each.column,
                "list": each.list_name,
                "at_most": each.at_most,
                "except": list(each.exempt),
                "reason": "Anything",
            }
            for each in ruleset.allow_lists
        ],
    }
    if ruleset.alerts_per_hour_max is not None:
        content["alerts_per_hour_max"] = ruleset.alerts_per_hour_max
    return content


def _rule(rule: Rule) -> dict[str, Any]:
    params: Params = {}
    features = {name: _feature(feature, params) for name, feature in rule.features}
    when = _when(rule.when, params)
    content = {
        "schema": "fraudstream.rule/v1",
        "id": rule.id,
        "version": 1,
        "title": rule.id,
        "status": "live" if rule.live else "shadow",
        "effective": _days(rule.first_day, rule.last_day),
        "owner": "tests",
        "severity": rule.severity,
        "typology": rule.typology,
        "rationale": "Shows one thing",
        "false_positives": ["Everything"],
        "investigate": ["Nothing"],
        "params": params,
        "features": features,
        "when": when,
        "then": _then(rule),
        "tests": {"cases": [_CASE]},
    }
    if rule.rollout is not None:
        content["rollout"] = {"percent": rule.rollout.percent, "by": list(rule.rollout.by)}
    if rule.banded is not None:
        outcomes = [_band(band) for band in rule.bands]
        content["bands"] = {"of": _value(rule.banded, params), "outcomes": outcomes}
    return content


def _band(band: Band) -> dict[str, Any]:
    given = {"action": band.action, "score": band.score}
    return {
        "name": band.name,
        **_limits(band),
        **{key: each for key, each in given.items() if each is not None},
    }


def _then(rule: Rule) -> dict[str, Any]:
    then: dict[str, Any] = {"action": rule.action, "score": rule.score, "reason_code": "ANY"}
    if rule.suppress is not None:
        then["suppress"] = _suppress(rule.suppress)
    if rule.alerts_per_hour_max is not None:
        then["alerts_per_hour_max"] = rule.alerts_per_hour_max
    return then


def _suppress(suppress: Suppress) -> dict[str, Any]:
    return {"by": list(suppress.by), "for": _duration(suppress.quiet_us)}


def _days(first: date | None, last: date | None) -> dict[str, str]:
    given = {"from": first, "to": last}
    return {word: day.isoformat() for word, day in given.items() if day is not None}


def _feature(feature: Feature, params: Params) -> dict[str, Any]:
    content: dict[str, Any] = {
        feature.aggregate: "events" if feature.value is None else _value(feature.value, params),
        "by": list(feature.by),
    }
    if feature.where is not None:
        content["where"] = _condition(feature.where, params)
    if feature.read_by != feature.by:
        content["for"] = list(feature.read_by)
    if feature.window_us is not None:
        content["window"] = _duration(feature.window_us)
    if feature.offset_us:
        content["offset"] = _duration(feature.offset_us)
    if feature.include_current is not None:
        content["include_current"] = feature.include_current
    return content


def _duration(us: int) -> str:
    assert us % SECOND_US == 0, "the language has no shorter unit"
    return f"{us // SECOND_US}s"


def _when(node: Condition, params: Params) -> Any:
    """Write a condition with its outermost junctions as the keys of the file."""
    match node:
        case Every(parts):
            return {"all": [_when(part, params) for part in parts]}
        case Some(parts):
            return {"any": [_when(part, params) for part in parts]}
        case Unless(Every() | Some() as part):
            return {"not": _when(part, params)}
    return _condition(node, params)


def _condition(node: Condition, params: Params) -> str:
    match node:
        case Every(parts):
            return " and ".join(f"({_condition(part, params)})" for part in parts)
        case Some(parts):
            return " or ".join(f"({_condition(part, params)})" for part in parts)
        case Unless(part):
            return f"not ({_condition(part, params)})"
        case Chain(first, links):
            return " ".join(
                [_value(first, params), *(f"{sign} {_value(each, params)}" for sign, each in links)]
            )
        case Between(value, low, high, negated):
            word = "not between" if negated else "between"
            return f"{_value(value, params)} {word} {_value(low, params)} and {_value(high, params)}"
        case OneOf(value, items, negated):
            listed = ", ".join(_value(item, params) for item in items)
            return f"{_value(value, params)} {'not ' if negated else ''}in [{listed}]"
        case IsNull(value, negated):
            return f"{_value(value, params)} is {'not ' if negated else ''}null"
        case TextTest(function, column, part):
            return f"{function}({column}, {_quoted(part)})"
        case Listed(column, name, negated):
            return f'{column} {"not " if negated else ""}in list("{name}")'
        case Holiday(time, name, zone):
            return f'holiday({_value(time, params)}, "{name}"{_zone(zone)})'
        case Outcome(rule_id):
            return f'rule("{rule_id}")'


def _value(node: Value, params: Params) -> str:
    match node:
        case Number(value, name, None):
            return _constant(f"{value:f}", _plain(value), name, params)
        case Number(value, name, unit) | Money(value, unit, name):
            return _constant(f"{value:f} {unit}", {"value": _plain(value), "unit": unit}, name, params)
        case Text(text, name):
            return _constant(_quoted(text), text, name, params)
        case Span(us, name):
            minutes, rest = divmod(us, MINUTE_US)
            plain = _duration(us) if rest else {"value": minutes, "unit": "m"}
            return _constant(_duration(us), plain, name, params)
        case Column(name) | Read(name):
            return name
        case Converted(currency):
            return f"amount_{currency.lower()}"
        case Compute(sign, left, right):
            return f"({_value(left, params)} {sign} {_value(right, params)})"
        case Minus(operand):
            return f"(-{_value(operand, params)})"
        case Call(function, arguments, zone):
            return f"{function}({', '.join(_value(each, params) for each in arguments)}{_zone(zone)})"


def _zone(zone: str | None) -> str:
    return "" if zone is None else f', "{zone}"'


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _plain(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _constant(text: str, plain: int | float | str | dict[str, Any], name: str | None, params: Params) -> str:
    if name is None:
        return text
    # Equal names stand for equal constants, so that a file has each parameter once.
    return next(
        (each for each, value in params.items() if value == plain and type(value) is type(plain)), None
    ) or _new(name, plain, params)


def _new(name: str, plain: int | float | str | dict[str, Any], params: Params) -> str:
    unique = f"{name}_{len(params)}"
    params[unique] = plain
    return unique


def _limits(band: Band) -> dict[str, int | float]:
    given = {"from": band.low, "to": band.high}
    return {word: _plain(limit) for word, limit in given.items() if limit is not None}
