"""`make load`, in small: two scenarios on the broker of all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtest.chaos_broker import UnhurtBroker
from loadtest.load.catalogue import SCENARIOS
from loadtest.load.report import report_of
from loadtest.load.runner import run, scene_for

pytestmark = pytest.mark.integration

SECONDS, EVENTS_PER_S, SEED = 3.0, 400.0, 5


@pytest.mark.parametrize("name", ["steady", "poison-flood"])
def test_what_must_hold_holds(kafka: str, tmp_path: Path, name: str) -> None:
    """All that is no matter of speed: the rest is up to the machine; and the run was looked at."""
    scenario = SCENARIOS[name]
    with scene_for(scenario, kafka, tmp_path, SEED, print) as scene:
        assert isinstance(scene.broker, UnhurtBroker)
        found = run(scenario, scene, SECONDS, EVENTS_PER_S, SEED)
    report = report_of(name, scenario.does, scenario.holds, found, scene.broker.name)
    broken = [each for each in report["holds"] if not each["held"] and each["name"] != "objective"]
    assert broken == []
    assert len(report["samples"]) >= SECONDS
    assert report["figures"]["alerts"] > 0
    assert report["figures"]["latency_ms_p50"] > 0
