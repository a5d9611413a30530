"""Builds alerts: the event, what is done about it, and per rule why, with actual values."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from fraudstream.engine.actions import SEVERITIES
from fraudstream.events.batch import EventBatch
from fraudstream.events.money import decimal_text
from fraudstream.events.nesting import put
from fraudstream.events.schema import ID
from fraudstream.events.times import format_time
from fraudstream.rules.ruleset import Rule

ALERT_SCHEMA = "fraudstream.alert/v1"
CONTRIBUTING_MAX = 20
"""How many of the newest contributing events an alert names per rule."""


def alert_id(event_id: str, rule_ids: Sequence[str], ruleset_version: str) -> str:
    """Return the id of an alert: equal for equal event, rules and ruleset, so a replay gives it again."""
    parts = orjson.dumps([event_id, sorted(rule_ids), ruleset_version])
    return hashlib.sha256(parts).hexdigest()[:32]


def describe_event(batch: EventBatch, event: int) -> dict[str, Any]:
    """Return the declared columns of an event as the nested object that the wire carries."""
    nested: dict[str, Any] = {ID: batch.ids.text(event)}
    currency = batch.text("currency", event)
    for name in batch.schema.texts:
        if (text := batch.text(name, event)) is not None:
            put(nested, name, text)
    put(nested, "occurred_at", format_time(int(batch.time_us[event])))
    for name in (*batch.schema.wholes, *batch.schema.reals):
        numbers = batch.number(name)
        if numbers.present[event]:
            value = numbers.values[event].item()
            put(nested, name, _exact(value, currency) if name == "amount" else value)
    return nested


def _exact(minor: int, currency: str | None) -> str:
    return str(minor) if currency is None else decimal_text(minor, currency)


def describe_rule(
    rule: Rule, reason: str, evidence: Mapping[str, Any], events: Sequence[str]
) -> dict[str, Any]:
    """Return what an alert says of one rule that hit."""
    spec = rule.spec
    return {
        "id": spec.id,
        "version": spec.version,
        "title": spec.title,
        "typology": spec.typology,
        "severity": spec.severity,
        "action": spec.then.action,
        "score": spec.then.score,
        "reason_code": spec.then.reason_code,
        "reason": reason,
        "evidence": evidence,
        "contributing_event_ids": list(events),
    }


def highest_severity(rules: Sequence[Rule]) -> str:
    """Return the highest severity of some rules."""
    return max((rule.spec.severity for rule in rules), key=SEVERITIES.index)
