"""Small rule directories and events, in which a test writes down only what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from fraudstream.engine.step import Engine, Settings
from fraudstream.events.schema import Schema
from fraudstream.rules.lint import lint
from fraudstream.rules.lock import new_lock
from fraudstream.rules.ruleset import Ruleset, build_ruleset

SHARED_FILES: Mapping[str, bytes] = {
    "typologies.yml": (
        b"schema: fraudstream.typologies/v1\ntypologies: {any: {title: Any, description: Anything}}\n"
    ),
    "reason_codes.yml": b"schema: fraudstream.reason_codes/v1\nreason_codes: {ANY: Anything}\n",
    "rates.yml": (
        b"schema: fraudstream.rates/v1\nbase: USD\nsource: invented\nrates:\n"
        b"  - {from: 2024-01-01, per_base: {EUR: 0.5, JPY: 100, KWD: 0.25}}\n"
        b"  - {from: 2026-01-01, per_base: {EUR: 0.8, JPY: 200, KWD: 0.25}}\n"
    ),
}
LIVE_CASES = (
    "[{name: over, event: {kind: transfer, amount_usd: 500}, expect: hit},"
    " {name: under, event: {kind: transfer, amount_usd: 5}, expect: miss}]"
)
WHEN_LINE = 13
"""The line of a rule file's `when` where `extra` is empty."""


def rule_file(
    when: str = "amount_usd > 100",
    *,
    features: str = "{}",
    params: str = "{}",
    then: str = "{action: review, score: 10, reason_code: ANY}",
    cases: str = LIVE_CASES,
    rule_id: str = "TST-ANY-001",
    version: int = 1,
    status: str = "live",
    severity: str = "low",
    extra: str = "",
    bands: str = "",
) -> bytes:
    """Return a rule file; every argument stands there as it is given."""
    return f"""schema: fraudstream.rule/v1
id: {rule_id}
version: {version}
title: A rule of a test
status: {status}
owner: tests
severity: {severity}
typology: any
rationale: Shows one thing
false_positives: [Everything]
investigate: [Nothing]
{extra}params: {params}
when: {when}
features: {features}{f"{chr(10)}bands: {bands}" if bands else ""}
then: {then}
tests: {{cases: {cases}}}
""".encode()


def rule_files(*rules: bytes, **others: bytes) -> dict[str, bytes]:
    """Return a rule directory: the shared files, rules as x/0.yml, x/1.yml ..., and others by name."""
    return {**SHARED_FILES, **{f"x/{index}.yml": rule for index, rule in enumerate(rules)}, **others}


def ruleset_of(*rules: bytes) -> Ruleset:
    """Return the ruleset of some rule files."""
    return build_ruleset(rule_files(*rules))


def lint_messages(*rules: bytes) -> list[str]:
    """Return what lint says of some rules that are locked as they are."""
    ruleset = ruleset_of(*rules)
    return [str(problem) for problem in lint(ruleset, Schema(), new_lock(ruleset, {}))]


def engine_of(*rules: bytes, settings: Settings | None = None) -> Engine:
    """Return an engine of some rule files."""
    return Engine(ruleset_of(*rules), settings)


def event(identity: str, at: str = "2026-03-02T08:00:00Z", **fields: Any) -> bytes:
    """Return a transfer of 1 USD by customer c1 as a message; fields are put in, None takes one out."""
    content = {"id": identity, "kind": "transfer", "occurred_at": at, "amount": 1, "currency": "USD"}
    return orjson.dumps({**content, "debtor": {"id": "c1"}, **fields})


def outcomes(engine: Engine, *events: bytes) -> tuple[int, int, int]:
    """Return how often the first rule hit, missed and was not evaluated on some events."""
    hit, miss, not_evaluated = engine.step(events).rule_outcomes[0].tolist()
    return hit, miss, not_evaluated


def alerts_of(engine: Engine, *events: bytes) -> list[dict[str, Any]]:
    """Return the alerts of a batch as objects."""
    return [orjson.loads(alert.value) for alert in engine.step(events).alerts]


def write_files(directory: Path, files: Mapping[str, bytes]) -> Path:
    """Write files below a directory and return it."""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return directory
