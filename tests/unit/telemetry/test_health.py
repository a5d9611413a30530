"""What an orchestrator is told of a worker, from its start to its end."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from fraudstream.telemetry.health import LIVE_SECONDS_MAX, UNASSIGNED_SECONDS_MAX, Health
from fraudstream.telemetry.metrics import Metrics
from fraudstream.telemetry.standing import Pulse
from fraudstream.telemetry.worker import WorkerTelemetry
from tests.unit.rule_files import rule_file, ruleset_of


class Setup:
    """The health of a worker at a time that the test says."""

    def __init__(self) -> None:
        self.now = 0.0
        self.health = Health(lambda: self.now)
        self.metrics = Metrics()
        self.telemetry = WorkerTelemetry(self.metrics, ruleset_of(rule_file()), health=self.health)

    def works(self, partitions: int = 1) -> None:
        """Have the worker at work."""
        self.telemetry.on_assigned(partitions, 1.0)
        self.pulse()

    def pulse(self, recovering: int = 0) -> None:
        """Have the loop go round."""
        self.telemetry.on_pulse(Pulse(recovering, 0, 0))

    @property
    def amiss(self) -> list[str]:
        """Why the worker is not ready."""
        ready = self.metrics.registry.get_sample_value("fraudstream_ready")
        assert ready == (not self.health.reasons())
        return list(self.health.reasons())


@pytest.fixture
def setup() -> Setup:
    """A worker that has just started."""
    return Setup()


def test_a_worker_is_ready_once_it_has_recovered_what_it_was_given(setup: Setup) -> None:
    """Not at the start, nor between the assignment and the end of its recovery."""
    assert setup.amiss == ["assignment"]
    setup.telemetry.on_assigned(2, 1.0)
    assert setup.amiss == ["recovery"]
    setup.pulse(recovering=1)
    assert setup.amiss == ["recovery"]
    setup.pulse()
    assert setup.amiss == []


def test_a_worker_that_stands_by_is_ready(setup: Setup) -> None:
    """It has been given nothing, which is as it should be: a rollout must not wait for it."""
    setup.works(partitions=0)
    assert setup.amiss == []
    assert setup.health.summary() == {
        "status": "ready",
        "reasons": [],
        "partitions": 0,
        "is_standby": True,
    }


def test_a_rebalance_is_no_matter_unless_it_takes_long(setup: Setup) -> None:
    """Every worker that comes or goes sets one off."""
    setup.works()
    setup.telemetry.on_revoked()
    setup.now += UNASSIGNED_SECONDS_MAX
    setup.pulse()
    assert setup.amiss == []
    setup.now += 1
    setup.pulse()
    assert setup.amiss == ["assignment"]
    setup.works()
    assert setup.amiss == []


def test_a_stale_ruleset_makes_a_worker_unready(setup: Setup) -> None:
    """From the refusal until rules are taken up; the reason is named."""
    setup.works()
    setup.telemetry.on_ruleset_refused("unfit", 1.0)
    assert setup.amiss == ["ruleset"]
    assert "(unfit)" in setup.health.reasons()["ruleset"]
    setup.telemetry.on_ruleset(ruleset_of(rule_file()), None, 1.0)
    assert setup.amiss == []


def test_a_loop_that_stands_still_is_dead(setup: Setup) -> None:
    """Before its first beat nothing is known, since a start may take long."""
    setup.now = 1_000.0
    assert setup.health.silent() is None
    setup.works()
    setup.now += LIVE_SECONDS_MAX
    assert (setup.health.silent(), setup.amiss) == (None, [])
    setup.now += 1
    assert "61 s" in (setup.health.silent() or "")
    assert setup.amiss == ["loop"]


def test_a_worker_that_stops_is_not_ready(setup: Setup) -> None:
    """It finishes what it has in hand, and gets nothing more."""
    setup.works()
    setup.telemetry.on_stopping()
    assert setup.amiss == ["stopping"]


def asked(port: int) -> Callable[[str], tuple[int, Any]]:
    """Return what asks a server for a page: status and JSON."""

    def ask(page: str) -> tuple[int, Any]:
        try:
            with urlopen(f"http://127.0.0.1:{port}{page}", timeout=5) as answer:
                return answer.status, json.loads(answer.read())
        except HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    return ask


def test_the_pages_answer_beside_the_metrics(setup: Setup) -> None:
    """200 or 503, and one JSON object that says why; other paths are left as they were."""
    port = setup.telemetry.serve("127.0.0.1", 0)
    ask = asked(port)
    assert ask("/health/live") == (200, {"status": "live"})
    status, body = ask("/health/ready")
    assert (status, body["status"], body["reasons"][0]["check"]) == (503, "not_ready", "assignment")
    setup.works(partitions=3)
    assert ask("/health/ready")[0] == 200
    setup.now += 2 * LIVE_SECONDS_MAX
    status, body = ask("/health/live")
    assert (status, body["status"]) == (503, "dead")
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        assert b"fraudstream_ready 0.0" in answer.read()
