"""Every query of every dashboard, answered by a real Prometheus that scrapes a worker at work."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import orjson
import pytest

from loadtest.crash_rig import CrashRig
from loadtest.traffic import Traffic, generate
from loadtest.waiting import until
from tests.dashboards import Asked, queries
from tests.integration.prometheus_rig import Prometheus, prometheus
from tests.integration.stream_rig import ROOT

pytestmark = pytest.mark.integration

EVENTS, FIRST = 12_000, 9_000
"""The model of the rules gives scores from 8,000 events on."""
WINDOW = "1m"
"""What rates are taken over; the test is shorter."""
SILENT: Mapping[str, str] = {
    "fraudstream-kafka / Complaints of the Kafka client": "a part has a series once it has complained",
}
"""Panels that may have nothing to show in this test, and why."""


def labels(traffic: Traffic) -> Iterator[bytes]:
    """Yield a label for every event."""
    for event_id, incident in zip(traffic.ids, traffic.incident.tolist(), strict=True):
        word = "genuine" if incident < 0 else "fraud"
        yield orjson.dumps({"schema": "fraudstream.label/v1", "event_id": event_id, "label": word})


def answered(server: Prometheus) -> None:
    """Wait until every query has an answer; AssertionError names those that have none, or are refused."""
    left = [asked for asked in queries() if asked.name not in SILENT]
    silent = [asked for asked in queries() if asked.name in SILENT]

    def none_is_left() -> bool:
        left[:] = [asked for asked in left if not has_figures(server, asked)]
        return not left

    try:
        until(none_is_left, "every panel has figures")
    finally:
        assert left == []
    for asked in silent:
        server.query(asked.over(WINDOW))


def has_figures(server: Prometheus, asked: Asked) -> bool:
    """Whether Prometheus has a figure for a query."""
    return not all(math.isnan(sample.value) for sample in server.query(asked.over(WINDOW)))


def test_every_panel_has_something_to_show(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path
) -> None:
    """No query is refused, each gives figures once a worker has judged and learned, and its death shows."""
    names = {word: topic_names(word) for word in ("events", "alerts", "dead", "journal", "labels")}
    rig = CrashRig(kafka, tmp_path, names, ROOT / "rules")
    traffic = generate(EVENTS, 5)
    with rig.worker() as worker, prometheus(tmp_path, [worker.address]) as server:
        until(lambda: bool(server.query("fraudstream_ready == 1")), "the worker is ready, and scraped")
        rig.send(traffic.payloads[:FIRST])
        until(
            lambda: bool(server.query("fraudstream_model_score_count > 0")), "scores are given, and scraped"
        )
        rig.send(traffic.payloads[FIRST:])
        rig.send(list(labels(traffic)), topic=names["labels"])
        rig.drain()
        answered(server)
        worker.kill()
        dead = next(asked for asked in queries() if asked.panel == "Workers not answering")
        until(lambda: [each.value for each in server.query(dead.over(WINDOW))] == [1], "the dead one is seen")
