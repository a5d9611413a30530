"""Counters stand at zero before anything has gone wrong."""

from __future__ import annotations

import re
from pathlib import Path

import fraudstream.stream
from fraudstream.events.schema import Schema
from fraudstream.rules.ruleset import build_ruleset
from fraudstream.stores.bundles import errors
from fraudstream.stores.rule_directory import load_ruleset
from fraudstream.stream.reloading import FAILED
from fraudstream.telemetry.metrics import Metrics
from fraudstream.telemetry.words import DEAD_LETTER_REASONS, ERROR_STAGES, RULE_REFUSALS
from fraudstream.telemetry.worker import WorkerTelemetry
from tests.integration.test_canaries import poison
from tests.unit.rule_files import rule_file, rule_files

ROOT = Path(__file__).parents[3]
STREAM = Path(str(fraudstream.stream.__file__)).parent
ON_TRIAL = rule_file(rule_id="TST-NEW-001", status="shadow")
BANDED = rule_file(
    "amount_usd > 0",
    rule_id="TST-BND-001",
    bands="{of: amount_usd, outcomes: [{name: low, to: 10}, {name: high, from: 10}]}",
)


def test_every_reason_to_refuse_a_message_is_known() -> None:
    """A message was made for each of them; the others come of no event at all, or of its alert."""
    other = {"alert_too_large", "invalid_utf8", "not_a_label", "not_an_object", "not_json", "tombstone"}
    assert set(poison(Schema())) | other == set(DEAD_LETTER_REASONS)


def test_every_reason_to_refuse_rules_is_known() -> None:
    """Those of bundles, and one for what is not the rules' fault."""
    words = {value for name, value in vars(errors).items() if name.isupper()}
    assert words | {FAILED} == set(RULE_REFUSALS)


def test_every_stage_of_an_error_is_known() -> None:
    """Whatever the stream room reports by a word of its own."""
    texts = [path.read_text(encoding="utf-8") for path in STREAM.rglob("*.py")]
    reported = {word for text in texts for word in re.findall(r'on_error\("(\w+)"\)', text)}
    assert len(reported) > 5
    assert reported <= set(ERROR_STAGES)


def test_what_a_ruleset_may_count_stands_at_zero() -> None:
    """Budgets, bands, allow-lists, shadow rules, and the drift of models."""
    metrics = Metrics()
    WorkerTelemetry(metrics, build_ruleset(rule_files(rule_file(), ON_TRIAL, BANDED)))

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"fraudstream_{name}_total", labels)

    assert value("errors", stage="checkpoint") == 0
    assert value("band_hits", rule="TST-BND-001", band="high") == 0
    assert value("shadow_alerts", rule="TST-NEW-001") == 0
    assert value("shadow_alerts", rule="TST-ANY-001") is None
    assert value("shadow_changed_decisions", rule="TST-NEW-001") == 0
    assert value("shadow_decisions", action="allow", would_be="block") == 0
    assert value("shadow_decisions", action="block", would_be="allow") is None
    WorkerTelemetry(metrics, load_ruleset(ROOT / "rules"))
    assert value("held_back_hits", rule="AML-STR-001") == 0
    assert value("allow_listed_decisions", list="public_authorities") == 0
    assert value("model_drifts", model="anomaly", of="score") == 0
