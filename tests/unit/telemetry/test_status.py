"""What is read off the pages of a worker."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest

from fraudstream.config.security import ServerTls
from fraudstream.telemetry.http_server import Access
from fraudstream.telemetry.metrics import Metrics
from fraudstream.telemetry.scraping import Reader
from fraudstream.telemetry.standing import Pulse
from fraudstream.telemetry.status import quantile, worker_status
from fraudstream.telemetry.worker import WorkerTelemetry
from tests.certificates import Authority
from tests.half_an_answer import half_an_answer
from tests.unit.rule_files import engine_of, event, rule_file


@contextmanager
def somebody(status: int) -> Iterator[str]:
    """Give the address of a server that is no worker, and answers every page with a status."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_worker_tells_how_it_is() -> None:
    """Ruleset, state, counts, checkpoints and latency, as its own pages say."""
    engine = engine_of(rule_file())
    telemetry = WorkerTelemetry(Metrics(), engine.ruleset, 3)
    url = f"http://127.0.0.1:{telemetry.serve('127.0.0.1', 0)}"
    starting = worker_status(url, time.time())
    assert (starting.state, starting.is_well) == ("not ready: assignment", False)
    result = engine.step([event("a"), event("b", amount=500), b"x"])
    telemetry.on_assigned(2, 1.0)
    telemetry.on_pulse(Pulse(0, 3, 100))
    telemetry.on_batch(result, events=3, step_seconds=0.1, append_ms=np.full(3, 1_000), done_ms=1_040.0)
    telemetry.on_checkpoint(0, seconds=1.0, added_bytes=1, state_bytes=77)
    telemetry.on_replayed(0, 5, 9)
    telemetry.on_error("emit")
    found = worker_status(url, time.time() + 100)
    assert (found.state, found.is_well, found.partitions) == ("ready", True, 2)
    assert (found.ruleset, found.rules, found.bundle) == (engine.ruleset.version, 1, 3)
    assert (found.events, found.alerts, found.in_flight_batches, found.recovery_pending) == (3, 1, 3, 9)
    assert found.hits == {("TST-ANY-001", "live"): 1}
    assert (found.dead_letters, found.errors) == ({"not_json": 1}, {"emit": 1})
    (checkpoint,) = found.checkpoints
    assert (checkpoint.shard, checkpoint.state_bytes) == ("0", 77)
    assert checkpoint.age_s == pytest.approx(100, abs=30)
    assert found.uptime_s > 100
    assert quantile(found.latency, 0.5) == pytest.approx(0.035)


@pytest.mark.parametrize(("status", "why"), [(200, "no fraudstream worker"), (404, "HTTP 404")])
def test_what_is_no_worker_is_told_apart(status: int, why: str) -> None:
    """Another service may listen there."""
    with somebody(status) as url:
        found = worker_status(url, 0.0)
    assert found.state == "unreachable"
    assert why in (found.trouble or "")


def test_a_worker_that_ends_while_it_answers_is_out_of_reach() -> None:
    """Half of its page tells nothing of it."""
    with half_an_answer() as port:
        found = worker_status(f"http://127.0.0.1:{port}", 0.0)
    assert (found.state, found.trouble) == ("unreachable", "its answer broke off: has it just ended?")


def test_nobody_there_is_said() -> None:
    """As the system has it."""
    assert worker_status("http://127.0.0.1:1", 0.0).trouble == "Connection refused"


@pytest.mark.parametrize(
    ("counts", "share", "expected"),
    [
        ({}, 0.99, None),
        ({1.0: 0, float("inf"): 0}, 0.99, None),
        ({1.0: 10, 2.0: 10, float("inf"): 10}, 0.5, 0.5),
        ({1.0: 0, 2.0: 8, float("inf"): 8}, 0.25, 1.25),
        ({1.0: 5, float("inf"): 10}, 0.99, 1.0),
    ],
)
def test_a_quantile_is_read_as_prometheus_reads_it(
    counts: dict[float, float], share: float, expected: float | None
) -> None:
    """Even within its bucket; nothing of nothing, and the last bound where it lies beyond."""
    assert quantile(counts, share) == expected


def test_a_worker_in_tls_is_asked_by_who_knows_its_token(tmp_path: Path) -> None:
    """Whoever shares its topology reads its pages; others learn that they may not, and no more."""
    shown = Authority(tmp_path, "authority").pair("worker")
    tls = ServerTls(certificate=shown.certificate, key=shown.key)
    telemetry = WorkerTelemetry(Metrics(), engine_of(rule_file()).ruleset)
    access = Access(tls.context(), "Bearer a-token-of-the-test")
    url = f"https://127.0.0.1:{telemetry.serve('127.0.0.1', 0, access)}"
    reader = Reader(tls.trusted(), "Bearer a-token-of-the-test")
    assert worker_status(url, time.time(), reader).state == "not ready: assignment"
    assert worker_status(url, time.time(), Reader(tls.trusted(), "Bearer x")).trouble == "HTTP 401"
    assert "certificate" in str(worker_status(url, time.time(), Reader()).trouble).lower()


def test_only_addresses_of_the_web_are_read(tmp_path: Path) -> None:
    """What somebody names by mistake is no file of this machine."""
    (tmp_path / "metrics").write_text("fraudstream_ready 1\n")
    status = worker_status(f"file://{tmp_path}", 0.0)
    assert status.trouble == "is no address of http:// or https://: name the worker as host:port"
