"""What alerts say fits the schema that consumers are given."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudstream.engine.alert_schema import MESSAGES, alert_schema
from fraudstream.engine.result import AlertKind
from fraudstream.engine.step import Engine
from fraudstream.rules.ruleset import build_ruleset
from loadtest.traffic import generate
from tests.rulesets import small_model_ruleset
from tests.unit.rule_files import event, rule_file, rule_files

PAGE = Path(__file__).parents[3] / "docs" / "alert.schema.json"
BANDS = "{of: amount_usd, outcomes: [{name: low, to: 10}, {name: high, from: 10}]}"
TYPOLOGIES = b"""schema: fraudstream.typologies/v1
typologies:
  any:
    title: Any
    description: Anything
    score:
      over: {by: debtor.id, window: 1h}
      weights: {TST-ANY-001.high: 5}
      bands: [{from: 5, action: hold, reason_code: ANY, reason: Much}]
"""
ACTIONS = b"""schema: fraudstream.actions/v1
alerts_per_hour_max: 2
allow_lists: [{column: debtor.id, list: friends, at_most: review, reason: Known}]
"""
FRIENDS = b"""schema: fraudstream.list/v1
id: friends
title: Friends
source: a test
retrieved: 2026-01-01
entries: [{value: c1}]
"""


def test_the_committed_schema_is_the_current_one() -> None:
    """`make docs` writes it anew."""
    assert PAGE.read_text() == alert_schema()


def test_every_kind_of_message_fits_it() -> None:
    """With bands, a scored typology, an allow-list, a budget and the summary of an hour."""
    others = {"typologies.yml": TYPOLOGIES, "actions.yml": ACTIONS, "lists/friends.yml": FRIENDS}
    engine = Engine(build_ruleset(rule_files(rule_file("amount_usd > 0", bands=BANDS), **others)))
    times = [f"2026-03-02T08:0{minute}:00Z" for minute in range(4)] + ["2026-03-02T09:00:00Z"]
    alerts = engine.step([event(time, time, amount=12) for time in times]).alerts
    for alert in alerts:
        MESSAGES.validate_json(alert.value)
    assert {alert.kind for alert in alerts} == set(AlertKind)
    assert b'"allowed_by":{' in alerts[0].value


@pytest.mark.parametrize("seed", [5])
def test_the_alerts_of_mixed_traffic_fit_it(seed: int) -> None:
    """Those of all rules that the pack has, and of the model."""
    engine = Engine(small_model_ruleset())
    alerts = engine.step(generate(3_000, seed=seed).payloads).alerts
    for alert in alerts:
        MESSAGES.validate_json(alert.value)
    assert any(b'"contributions":[{' in alert.value for alert in alerts)
