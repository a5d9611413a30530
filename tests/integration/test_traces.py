"""Traces of a real worker."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaProducer

from loadtest.waiting import until
from tests.collector import attributes, collector
from tests.integration.rule_rig import RuleRig
from tests.unit.rule_files import event, rule_file, rule_files

pytestmark = pytest.mark.integration

TRACE = "0af7651916cd43dd8448eb211c80319c"
SOURCE = """rules: rules
checkpoints: {url: state, every: 1s}
tracing: {endpoint: '%s', share: 1}"""
STAGES = ["decode", "features", "score", "judge", "decide", "emit"]


def test_all_batches_of_a_worker_are_traced(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path
) -> None:
    """Every message is in one span, with the stages below it and a link to the trace of its producer."""
    with collector() as found:
        files = rule_files(rule_file(cases="[]"))
        rig = RuleRig(kafka, tmp_path, topic_names, files, SOURCE % found.endpoint)
        with rig.worker:
            for batch in range(3):
                rig.send(*(event(f"{batch}-{each}", amount=500) for each in range(20)), b"no event")
            with closing(KafkaProducer(bootstrap_servers=kafka)) as producer:
                parent = [("traceparent", f"00-{TRACE}-b7ad6b7169203331-01".encode())]
                producer.send(rig.topology.input.topic, event("last"), headers=parent)
            until(lambda: rig.total("fraudstream_events_total") == 64, "all are judged")
            until(lambda: "checkpoint" in {span.name for span in found.spans()}, "a checkpoint is traced")
        spans, batches = found.spans(), found.batches()
    told = sorted(map(attributes, batches), key=lambda each: each["fraudstream.offset.first"])
    offsets = [
        offset
        for each in told
        for offset in range(each["fraudstream.offset.first"], each["fraudstream.offset.last"] + 1)
    ]
    assert offsets == list(range(64))
    assert sum(each["messaging.batch.message_count"] for each in told) == 64
    assert sum(each["fraudstream.alerts"] for each in told) == len(rig.alerts())
    assert sum(each["fraudstream.dead_letters"] for each in told) == 3
    linked = [link.trace_id.hex() for span in batches for link in span.links]
    assert linked == [TRACE]
    for batch in batches:
        assert [span.name for span in spans if span.parent_span_id == batch.span_id] == STAGES
    assert {"recover", "checkpoint"} < {span.name for span in spans}
