"""A worker that is killed is told of by way of a real Prometheus and a real Alertmanager."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from fraudstream.stream.embedded import free_port
from loadtest.waiting import until
from tests.alarms import ALERTMANAGER, questions, quick, rules
from tests.integration.prometheus_rig import Prometheus, binary, prometheus, running
from tests.integration.rule_rig import RuleRig
from tests.unit.rule_files import event, rule_file, rule_files

pytestmark = pytest.mark.integration

GONE = ("FraudstreamNoWorkers", "FraudstreamWorkerDown")
"""What fires when the only worker is gone; the first keeps the other back."""


@contextmanager
def pager() -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """A webhook for the length of the block: its address, and path and content of what it is told."""
    told: list[tuple[str, dict[str, Any]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", told
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def alertmanager(folder: Path, webhook: str) -> Iterator[str]:
    """Alertmanager with the shipped configuration, but for where it tells and how long it waits to."""
    config = re.sub(r'http://[^"/]+', webhook, ALERTMANAGER.read_text(encoding="utf-8"))
    file = folder / "alertmanager.yml"
    file.write_text(re.sub(r"(group_wait|group_interval): \w+", r"\1: 1s", config))
    address = f"127.0.0.1:{free_port()}"
    command = [binary("prometheus-alertmanager"), f"--config.file={file}", "--cluster.listen-address="]
    options = [f"--storage.path={folder / 'alertmanager'}", f"--web.listen-address={address}"]
    with running([*command, *options], folder / "alertmanager.log"):
        yield address


def held_back(address: str) -> set[str]:
    """Return the names of the alerts that Alertmanager keeps back for the sake of others."""
    with urlopen(f"http://{address}/api/v2/alerts?inhibited=true&active=false", timeout=10) as answer:
        return {alert["labels"]["alertname"] for alert in json.load(answer)}


def all_are_evaluated(server: Prometheus) -> bool:
    """Whether Prometheus has evaluated all rules; AssertionError where one cannot be."""
    found = server.rules()
    failed = {rule["name"]: rule["lastError"] for rule in found if rule["health"] == "err"}
    assert not failed
    return len(found) == len(rules()) and all(rule["health"] == "ok" for rule in found)


def firing(server: Prometheus) -> set[str]:
    """Return the names of the alerts that wait or fire."""
    return {alert["labels"]["alertname"] for alert in server.alerts()}


def pages_of(told: list[tuple[str, dict[str, Any]]], name: str) -> list[dict[str, Any]]:
    """Return what the pager was told of an alert that fires."""
    return [
        body
        for path, body in told
        if path == "/page" and body["status"] == "firing" and body["commonLabels"]["alertname"] == name
    ]


def recorded(server: Prometheus, name: str) -> list[float]:
    """Return the values of what is recorded under a name."""
    return [sample.value for sample in server.query(name)]


def test_the_death_of_a_worker_reaches_the_pager(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path
) -> None:
    """Rules and queries of runbooks are evaluated; a kill is paged, and what follows from it is kept back."""
    rig = RuleRig(kafka, tmp_path, topic_names, rule_files(rule_file(cases="[]")))
    target = f"127.0.0.1:{rig.topology.metrics.port}"
    names = ("events:rate5m", "latency_slow:ratio_rate1h", "dead_letters:ratio_rate1h")
    with (
        rig.worker,
        pager() as (webhook, told),
        alertmanager(tmp_path, webhook) as manager,
        prometheus(tmp_path, [target], quick(tmp_path), manager) as server,
    ):
        until(lambda: recorded(server, "fraudstream_ready") == [1], "the worker is ready, and scraped")
        for batch in range(3):
            rig.send(*(event(f"{batch}-{number}", amount=500) for number in range(500)), b"no event")
        until(
            lambda: all(recorded(server, f"job:fraudstream_{name}") for name in names),
            "events, latency and loss are recorded",
        )
        until(lambda: all_are_evaluated(server), "every rule is evaluated")
        for query in questions():
            server.query(query)
        # Before the first scrape there was no worker yet.
        until(lambda: not {*GONE} & firing(server), "the worker is known to be there")
        told.clear()
        rig.worker.kill()
        until(lambda: bool(pages_of(told, GONE[0])), "the pager is told")
        until(lambda: GONE[1] in held_back(manager), "what follows is kept back")
    (alert,) = pages_of(told, GONE[0])[0]["alerts"]
    assert alert["annotations"]["runbook_url"] == f"docs/runbooks/{GONE[0]}.md"
