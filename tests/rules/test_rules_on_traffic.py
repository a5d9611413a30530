"""The rule pack on labelled traffic: what it must find, and whom it must leave alone."""

from __future__ import annotations

import orjson
import pytest

from fraudstream.engine.step import Engine
from loadtest.scenarios import SCENARIOS
from loadtest.traffic import Traffic, generate
from tests.rules.test_rule_pack import PACK

EVENTS = 10_000
BATCH = 500

Told = dict[int, set[str]]
"""The ids of the rules that told of an event, by its place in the stream."""


@pytest.fixture(scope="module", params=[7, 8])
def watched(request: pytest.FixtureRequest) -> tuple[Traffic, Told]:
    """Return a stream and what was told of it."""
    traffic = generate(EVENTS, seed=request.param)
    engine = Engine(PACK)
    told: Told = {}
    for start in range(0, EVENTS, BATCH):
        for alert in engine.step(traffic.payloads[start : start + BATCH]).alerts:
            told[start + alert.row] = {rule["id"] for rule in orjson.loads(alert.value)["rules"]}
    return traffic, told


def test_every_incident_is_found_by_its_rule(watched: tuple[Traffic, Told]) -> None:
    """Every scenario that has a rule occurs, and that rule tells of each of its incidents."""
    traffic, told = watched
    named = [incident for incident in traffic.incidents if incident.rule is not None]
    missed = [each for each in named if not any(each.rule in told.get(row, ()) for row in each.rows.tolist())]
    assert {each.rule for each in named} == {scenario.rule for scenario in SCENARIOS if scenario.rule}
    assert missed == []


def test_no_rule_tells_of_an_innocent_event(watched: tuple[Traffic, Told]) -> None:
    """Only the model's own rule, which tells of what is rare, may name an event outside all incidents."""
    traffic, told = watched
    innocent = {rule for row, rules in told.items() if traffic.incident[row] < 0 for rule in rules}
    assert innocent <= {"MOD-ANO-001"}
