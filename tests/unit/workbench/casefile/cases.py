"""Alerts of a test's own making, and what is at hand for them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import orjson

from fraudstream.engine.step import Engine, Settings
from fraudstream.rules.ruleset import Ruleset, build_ruleset
from fraudstream.workbench.casefile.alerts import FoundAlert, Origin
from fraudstream.workbench.casefile.at_hand import AtHand, Place
from fraudstream.workbench.casefile.evidence import Past, evidence
from fraudstream.workbench.casefile.schema import Evidence
from tests.unit.rule_files import event, rule_file, rule_files

FEATURES = (
    "{n: {count: events, by: debtor.id, window: 7d},"
    " mean: {avg: amount_usd, by: debtor.id, window: 7d},"
    " gap: {time_since_last: events, by: debtor.id}}"
)
WHEN = "'kind == \"transfer\" and n >= least and (amount_usd > 900 or mean > 50 USD) and gap < 3d'"
THEN = "{action: hold, score: 40, reason_code: ANY, suppress: {by: debtor.id, for: 24h}}"
RULE = rule_file(WHEN, params="{least: 2}", features=FEATURES, then=THEN, cases="[]", severity="high")
CHINESE = """schema: fraudstream.texts/v1
language: zh
rules:
  TST-ANY-001:
    {version: 1, title: 测试规则, rationale: 演示一件事, false_positives: [一切], investigate: [无]}
typologies: {any: {title: 任意, description: 任何事}}
reason_codes: {ANY: 任何事}
""".encode()
MESSAGES = (
    event("a", "2026-03-01T08:00:00Z", amount="120.50"),
    event("x", "2026-03-02T07:00:00Z", debtor={"id": "c2"}),
    event("b", "2026-03-02T09:00:00Z", amount="80"),
)


@cache
def ruleset() -> Ruleset:
    """Return one rule with its texts in Chinese."""
    return build_ruleset(rule_files(RULE, **{"texts/zh.yml": CHINESE}))


def told(rules: Ruleset, messages: Sequence[bytes]) -> list[dict[str, Any]]:
    """Return what an engine tells of some messages."""
    return [orjson.loads(alert.value) for alert in Engine(rules).step(messages).alerts]


def alert(origin: Origin | None = None, **changes: Any) -> FoundAlert:
    """Return the alert about the last of the messages, changed here and there."""
    (content,) = told(ruleset(), MESSAGES)
    return FoundAlert({**content, **changes}, "alerts.jsonl:1", origin)


EXACT = AtHand((Place("rules", "rules"),), ruleset(), Place("rules", "rules"), is_exact=True)


def evidence_of(
    found: FoundAlert, at_hand: AtHand = EXACT, past: Past | None = None, language: str = "en"
) -> Evidence:
    """Return the evidence of an alert."""
    return evidence(found, at_hand, Settings(), past or Past(), language)


SCORED = b"""schema: fraudstream.typologies/v1
typologies:
  any:
    title: Any
    description: Anything
    score:
      over: {by: debtor.id, window: 7d}
      weights: {TST-ANY-001: 30, TST-ANY-002: 30}
      bands: [{from: 50, action: block, reason_code: ANY, reason: Two signs}]
"""
MODEL = b"""schema: fraudstream.model/v1
id: m
title: Amounts
features: {amount: {expr: amount_usd, usual: {high: 2 * amount_usd}}, twice: 2 * amount_usd}
estimator: {kind: loda}
warm_up: 50
seed: 1
"""


def scored() -> tuple[FoundAlert, AtHand]:
    """Return an alert of two rules that add up, with the score of a model."""
    rules = [
        rule_file("amount_usd > 5", cases="[]"),
        rule_file("amount_usd > 50", cases="[]", rule_id="TST-ANY-002"),
    ]
    files = rule_files(*rules, **{"models/m.yml": MODEL, "typologies.yml": SCORED})
    ruleset = build_ruleset(files)
    messages = [event(f"e{n}", f"2026-03-02T08:{n:02}:00Z", amount=1 + n % 4) for n in range(60)]
    last = [event("y", "2026-03-02T09:00:00Z", amount=7), event("z", "2026-03-02T09:05:00Z", amount=99)]
    alerts = told(ruleset, [*messages, *last])
    return FoundAlert(alerts[-1], "here", None), AtHand((), ruleset, Place("rules", "rules"), is_exact=True)


def codes(found: Evidence) -> list[str]:
    """Return the codes of what cannot be told."""
    return [each.code for each in found.cannot_tell]
