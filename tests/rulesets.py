"""Rulesets that tests share."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fraudstream.rules.ruleset import Ruleset, build_ruleset
from fraudstream.stores.rule_directory import load_ruleset, read_files

RULES = Path(__file__).parents[1] / "rules"

_SENSITIVE_RULE = b"""
schema: fraudstream.rule/v1
id: TST-ANY-001
version: 1
title: Anything that costs something
status: live
owner: tests
severity: low
typology: unknown_pattern
rationale: Fires often, so that comparisons have something to compare.
false_positives: [Everything]
investigate: [Nothing]
features:
  spent_24h: {sum: amount_usd, by: debtor.id, window: 24h}
  payees_24h: {distinct: creditor.account, by: debtor.id, window: 24h}
  last_amount: {last: amount_usd, by: debtor.id}
  in_24h: {sum: amount_usd, by: creditor.account, for: debtor.account, window: 24h}
  mean_here: {avg: amount_usd, by: [debtor.id, merchant.id], window: 7d}
  known_for: {time_since_first: events, by: device.id}
when:
  any:
    - spent_24h > 500 and payees_24h >= 1
    - last_amount < amount_usd / 3 and known_for < 1h
    - in_24h > 100 or mean_here > 300
    - score("anomaly") > 0.97
then: {action: review, score: 10, reason_code: MODEL_UNUSUAL, suppress: {by: debtor.id, for: 1h}}
tests:
  cases:
    - {name: any, event: {kind: transfer, amount_usd: 600, creditor.account: a, debtor.id: c}, expect: hit}
    - {name: none, event: {kind: transfer, amount_usd: 1, debtor.id: c}, expect: not_evaluated}
"""


@cache
def repository_ruleset() -> Ruleset:
    """Return the ruleset that the repository ships."""
    return load_ruleset(RULES)


@cache
def small_model_ruleset() -> Ruleset:
    """Return the repository's rules, one that fires often, and the model with a short warm-up."""
    files = read_files(RULES)
    model = files["models/anomaly.yml"]
    for long, short in ((b"window: 1000}", b"window: 100}"), (b"warm_up: 8000", b"warm_up: 300")):
        assert long in model, "the model file has changed: shorten its warm-up here too"
        model = model.replace(long, short)
    files["models/anomaly.yml"] = model
    files["reason_codes.yml"] += b"  TEST_ANY: Anything\n"
    files["fraud/any.yml"] = _SENSITIVE_RULE.replace(b"MODEL_UNUSUAL", b"TEST_ANY")
    return build_ruleset(files)
