"""What alerts say: their ids, and the fixed parts of what they tell of rules, typologies and overflows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from fraudstream.engine.actions import SEVERITIES
from fraudstream.engine.budget import HOUR_US, Overflow
from fraudstream.engine.deciding import Hit
from fraudstream.engine.privacy.veils import Veils
from fraudstream.engine.typologies import Contributor, Pattern
from fraudstream.events.times import format_time
from fraudstream.rules.actions import AllowList
from fraudstream.rules.schema import RuleSpec

ALERT_SCHEMA = "fraudstream.alert/v1"
OVERFLOW_SCHEMA = "fraudstream.alert_overflow/v1"
CONTRIBUTING_MAX = 20
"""How many of the newest contributing events an alert names per rule."""


def alert_id(event_id: str, told: Iterable[str], ruleset_version: str) -> str:
    """Return the id of an alert: equal for equal event, rules and ruleset, so a replay gives it again.

    `told` are the ids of the rules that are told, and of the typologies whose bands are.
    """
    return _digest([event_id, sorted(told), ruleset_version])


def overflow_id(rule_id: str, start_us: int, ruleset_version: str, *, shadow: bool) -> str:
    """Return the id of the summary of one rule and hour; a rule in rollout may have one of either kind."""
    return _digest([rule_id, start_us, ruleset_version, *(["shadow"] if shadow else [])])


def _digest(parts: Sequence[Any]) -> str:
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()[:32]


def rule_head(hit: Hit) -> dict[str, Any]:
    """Return what an alert says of a rule that hit, whatever the event."""
    spec, outcome = hit.bound.rule.spec, hit.outcome
    return {
        "id": spec.id,
        "version": spec.version,
        "title": spec.title,
        "typology": spec.typology,
        "severity": spec.severity,
        "band": outcome.band,
        "action": outcome.action,
        "score": outcome.score,
        "reason_code": outcome.reason_code,
    }


def typology_head(name: str, title: str) -> dict[str, Any]:
    """Return what an alert says of the typology of a rule, if no score of its own lies in a band."""
    scored = ("score", "band", "action", "reason_code", "reason")
    return {"id": name, "title": title, **dict.fromkeys(scored), "rules": []}


def describe_pattern(pattern: Pattern) -> dict[str, Any]:
    """Return what an alert says, beside its head, of a typology whose score lies in one of its bands."""
    band = pattern.band
    return {
        "score": pattern.score,
        "band": {"from": band.from_, "to": band.to},
        "action": band.action,
        "reason_code": band.reason_code,
        "reason": band.reason,
        "rules": [_contributor(each) for each in pattern.contributors],
    }


def _contributor(each: Contributor) -> dict[str, Any]:
    return {
        "id": each.rule,
        "band": each.band,
        "weight": each.weight,
        "event_id": each.event_id,
        "occurred_at": format_time(each.time_us),
    }


def describe_allow_list(entry: AllowList | None) -> dict[str, Any] | None:
    """Return what an alert says of the allow-list that made its action lower than asked."""
    if entry is None:
        return None
    return {
        "column": entry.column,
        "list": entry.list_,
        "at_most": entry.at_most,
        "reason": entry.reason,
    }


def overflow_rule(spec: RuleSpec) -> dict[str, Any]:
    """Return what a summary says of its rule."""
    named = ("id", "version", "title", "typology", "severity")
    return {name: getattr(spec, name) for name in named}


def describe_overflow(
    overflow: Overflow, ruleset_version: str, veils: Veils, *, shadow: bool
) -> dict[str, Any]:
    """Return the summary of what a rule was held back from telling within one hour."""
    start_us = overflow.start_us
    return {
        "schema": OVERFLOW_SCHEMA,
        "alert_id": overflow_id(overflow.rule["id"], start_us, ruleset_version, shadow=shadow),
        "rule": overflow.rule,
        "hour": {"from": format_time(start_us), "to": format_time(start_us + HOUR_US)},
        "told": overflow.told,
        "held_back": overflow.held_back,
        "score_max": overflow.score_max,
        "keys": [_held_back(each, veils) for each in overflow.top_keys()],
        "ruleset_version": ruleset_version,
        "shadow": shadow,
    }


def _held_back(found: dict[str, Any], veils: Veils) -> dict[str, Any]:
    """Return how often hits of a key were held back, the key as far as it may be seen."""
    over = {name: veils.column(name) for name in found["key"]}
    key = {
        name: text if (veil := over[name]) is None else veil.write(text)
        for name, text in found["key"].items()
    }
    return {**found, "key": key}


def highest_severity(hits: Iterable[Hit]) -> str:
    """Return the highest severity of the rules of some hits."""
    return max((hit.bound.rule.spec.severity for hit in hits), key=SEVERITIES.index)
