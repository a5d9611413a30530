"""Traces, as a collector gets them."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from fraudstream.telemetry.metrics import Metrics
from fraudstream.telemetry.passage import Passage
from fraudstream.telemetry.span_sender import QUEUE_SPANS_MAX, SpanSender, over_http
from fraudstream.telemetry.traces import LINKS_MAX, Traces, is_sampled
from fraudstream.telemetry.worker import WorkerTelemetry
from tests.certificates import Authority
from tests.collector import Collector, attributes, collector
from tests.unit.rule_files import rule_file, ruleset_of

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = ("traceparent", f"00-{TRACE}-b7ad6b7169203331-01".encode())
PASSAGE = Passage("events", 3, 100, 109, 8, "ruleset-1", 2, 1, step_seconds=1.0, seconds=1.5)
STAGES = {"decode": 0.25, "judge": 0.5, "emit": 0.5}


class Traced:
    """A worker's telemetry that traces a share of the batches to a collector."""

    def __init__(self, endpoint: str, share: float = 1.0, ca: Path | None = None, **headers: str) -> None:
        self.metrics = Metrics()
        spans = self.metrics.process.spans
        sender = over_http(endpoint, headers, ca, lambda outcome, n: spans.labels(outcome).inc(n))
        traces = Traces(sender, share, "group-1", {"service.namespace": "single"})
        self.telemetry = WorkerTelemetry(self.metrics, ruleset_of(rule_file()), traces=traces)

    def spans(self, outcome: str) -> float | None:
        """Return how many spans had an outcome."""
        labels = {"outcome": outcome}
        return self.metrics.registry.get_sample_value("fraudstream_trace_spans_total", labels)


@pytest.fixture
def collected() -> Iterator[Collector]:
    """A collector."""
    with collector() as found:
        yield found


def test_a_batch_is_a_span_with_a_child_for_each_stage(collected: Collector) -> None:
    """Children stand one behind the other; emit begins when it was judged and ends with the batch."""
    traced = Traced(collected.endpoint)
    traced.telemetry.on_stages(STAGES, PASSAGE)
    traced.telemetry.on_stages({"commit": 1.0})
    traced.telemetry.close()
    spans = {span.name: span for span in collected.spans()}
    batch = spans.pop("process events")
    assert attributes(batch) == {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "events",
        "messaging.destination.partition.id": "3",
        "messaging.consumer.group.name": "group-1",
        "messaging.batch.message_count": 8,
        "fraudstream.offset.first": 100,
        "fraudstream.offset.last": 109,
        "fraudstream.alerts": 2,
        "fraudstream.dead_letters": 1,
        "fraudstream.ruleset": "ruleset-1",
    }
    begun = batch.start_time_unix_nano
    times = {
        name: ((span.start_time_unix_nano - begun) / 1e9, (span.end_time_unix_nano - begun) / 1e9)
        for name, span in spans.items()
    }
    assert times == {"decode": (0.25, 0.5), "judge": (0.5, 1.0), "emit": (1.0, 1.5)}
    assert {span.parent_span_id for span in spans.values()} == {batch.span_id}
    assert {span.trace_id for span in spans.values()} == {batch.trace_id}
    assert (traced.spans("sent"), traced.spans("failed"), traced.spans("full")) == (4, 0, 0)


def test_a_batch_is_linked_to_the_traces_that_its_messages_name(collected: Collector) -> None:
    """Each once and so many at most; what is no traceparent links to nothing."""
    traced = Traced(collected.endpoint)
    bad = [[("traceparent", value)] for value in (b"", b"zyzzyva", b"\xff" * 55, None)]
    others = [[("traceparent", f"00-{at:032x}-{at:016x}-00".encode())] for at in range(1, LINKS_MAX + 9)]
    headers: Any = [*bad, [("other", b"x"), PARENT], [PARENT], *others]
    traced.telemetry.on_stages({}, PASSAGE._replace(headers=headers))
    traced.telemetry.close()
    linked = [link.trace_id.hex() for link in collected.batches()[0].links]
    # Of what is as long as a traceparent and is none, one stood before them.
    assert linked == [TRACE, *(f"{at:032x}" for at in range(1, LINKS_MAX - 1))]


def test_a_share_of_the_batches_is_traced_always_the_same() -> None:
    """By topic, partition and first offset; all at 1, none at 0, and their headers are not looked at."""
    places = [("events", partition, offset) for partition in range(4) for offset in range(0, 250_000, 500)]
    assert sum(is_sampled(*place, 0.1) for place in places) == 206
    assert all(is_sampled(*place, 1.0) for place in places)
    assert not any(is_sampled(*place, 0.0) for place in places)
    traced = Traced("http://127.0.0.1:9/v1/traces", share=0.0)
    unread = iter([[PARENT]])
    traced.telemetry.on_stages(STAGES, PASSAGE._replace(headers=unread))
    assert list(unread) == [[PARENT]]
    traced.telemetry.close()


def test_what_is_rare_has_spans_of_its_own(collected: Collector) -> None:
    """Recoveries, checkpoints and changed rules, as long as they took, whatever the share."""
    traced = Traced(collected.endpoint, share=0.0)
    traced.telemetry.on_recovered(3.0, 35)
    traced.telemetry.on_checkpoint(2, seconds=1.0, added_bytes=10, state_bytes=100)
    ruleset = ruleset_of(rule_file())
    traced.telemetry.on_ruleset(ruleset, 7, 2.0)
    traced.telemetry.on_ruleset_refused("unfit", 4.0)
    traced.telemetry.close()
    found = [
        (each.name, (each.end_time_unix_nano - each.start_time_unix_nano) / 1e9, attributes(each))
        for each in collected.spans()
    ]
    sizes = {"fraudstream.shard": 2, "fraudstream.added_bytes": 10, "fraudstream.state_bytes": 100}
    assert found == [
        ("recover", 3.0, {"fraudstream.messages": 35}),
        ("checkpoint", 1.0, sizes),
        ("reload", 2.0, {"fraudstream.ruleset": ruleset.version}),
        ("reload", 4.0, {"fraudstream.refusal": "unfit"}),
    ]
    assert collected.spans()[-1].status.code == 2


def test_the_collector_is_shown_the_headers_that_are_named(collected: Collector) -> None:
    """As `authorization` for a collector that asks who sends."""
    traced = Traced(collected.endpoint, authorization="Bearer not-for-everyone")
    traced.telemetry.on_stages(STAGES, PASSAGE)
    traced.telemetry.close()
    assert collected.headers[0]["authorization"] == "Bearer not-for-everyone"


def test_spans_that_the_collector_refuses_are_counted(collected: Collector) -> None:
    """They are dropped."""
    collected.status = 401
    traced = Traced(collected.endpoint)
    traced.telemetry.on_stages(STAGES, PASSAGE)
    traced.telemetry.close()
    assert (traced.spans("sent"), traced.spans("failed")) == (0, 4)


def test_only_a_collector_with_a_trusted_certificate_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one, and one whose certificate has expired, get nothing, whatever variables say."""
    ours, other = Authority(tmp_path, "ours"), Authority(tmp_path, "other")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other.certificate))
    for pair, sent in ((ours.pair("c"), 4), (other.pair("o"), 0), (ours.pair("e", days=-1), 0)):
        with collector(pair) as found:
            traced = Traced(found.endpoint, ca=ours.certificate)
            traced.telemetry.on_stages(STAGES, PASSAGE)
            traced.telemetry.close()
        assert (traced.spans("sent"), len(found.spans())) == (sent, sent)


class Stuck(SpanExporter):
    """An exporter that hangs until it is released."""

    def __init__(self) -> None:
        self.entered = Event()
        self.released = Event()

    def export(self, spans: Any) -> SpanExportResult:
        """Hang."""
        self.entered.set()
        self.released.wait()
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Do nothing."""


def test_a_collector_that_hangs_holds_up_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """So many spans wait, more are dropped and counted, and a stop goes on without the last ones."""
    counted: list[tuple[str, int]] = []
    exporter = Stuck()
    sender = SpanSender(exporter, lambda outcome, number: counted.append((outcome, number)))
    span = ReadableSpan("one for many")
    sender.on_end(span)
    exporter.entered.wait()
    for _ in range(QUEUE_SPANS_MAX + 3):
        sender.on_end(span)
    assert counted == [("full", 1)] * 3
    sender.shutdown()
    assert "the last spans could not be sent in 2 s" in caplog.text
    exporter.released.set()


def test_a_stop_does_not_wait_for_a_collector_that_is_away() -> None:
    """The spans were lost in time, or are when the process ends; nothing raises."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        traced = Traced(f"http://127.0.0.1:{taken.getsockname()[1]}/v1/traces")
        traced.telemetry.on_stages(STAGES, PASSAGE)
        traced.telemetry.close()
    assert traced.spans("sent") == 0


def test_nothing_of_opentelemetry_is_loaded_without_tracing() -> None:
    """What a worker imports is what it was, and nothing is made for traces."""
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "import fraudstream.stream.worker, fraudstream.telemetry.worker\n"
        "from fraudstream.cli.service import traces_of\n"
        "from fraudstream.config import load_topology\n"
        "from fraudstream.telemetry.metrics import Metrics\n"
        "assert traces_of(load_topology(Path('topologies/single.yml')), Metrics()) is None\n"
        "print([each for each in sys.modules if each.startswith(('opentelemetry', 'google.protobuf'))])\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
