"""Shadow alerts on Kafka: a topic of their own, under the same guarantees as alerts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import orjson
import pytest

from fraudstream.engine.step import Engine
from fraudstream.stores.rule_directory import load_ruleset
from loadtest.crash_rig import CrashRig, headers_of
from loadtest.demo_worker import Worker
from loadtest.waiting import until
from tests.unit.rule_files import rule_file, rule_files, write_files
from tests.unit.workbench.histories import drawn

pytestmark = pytest.mark.integration

EVENTS, HALF = 600, 300
THEN = (
    "{action: hold, score: 30, reason_code: ANY, alerts_per_hour_max: 1, suppress: {by: debtor.id, for: 2h}}"
)
RULES = (
    rule_file("amount_usd > 40"),
    rule_file(
        "n > 2",
        rule_id="TST-NEW-001",
        status="shadow",
        features="{n: {count: events, by: debtor.id, window: 6h}}",
        then=THEN,
        cases="[]",
    ),
    rule_file(
        "amount_usd > 20", rule_id="TST-ROL-001", extra="rollout: {percent: 40, by: debtor.id}\n", then=THEN
    ),
)


def counts(worker: Worker, name: str) -> list[float]:
    """Return what a counter of a worker says, by its labels."""
    return list(worker.metrics().get(f"fraudstream_{name}_total", {}).values())


@pytest.mark.parametrize(("guarantee", "shares"), [("at_least_once", 0), ("exactly_once", 2)])
def test_shadow_alerts_are_those_of_one_engine_whoever_dies(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path, guarantee: str, shares: int
) -> None:
    """A worker is killed in between: none is lost, each says where it is from, and alerts stay apart."""
    words = ("events", "alerts", "dead", "journal", "shadow", *(("parts", "found") if shares else ()))
    rules = write_files(tmp_path / "rules", rule_files(*RULES))
    rig = CrashRig(
        kafka,
        tmp_path,
        {word: topic_names(word) for word in words},
        rules,
        guarantee=guarantee,
        shares=shares,
    )
    topic = rig.topology.output.shadow
    assert topic is not None
    payloads = drawn(EVENTS)
    result = Engine(load_ruleset(rules), rig.topology.settings()).step(payloads)
    expected = {alert.alert_id: alert.value for alert in result.shadow.alerts}
    assert len(expected) == len(result.shadow.alerts) > 100
    with ExitStack() as stack:
        first = stack.enter_context(rig.worker())
        rig.send(payloads[:HALF])
        rig.drain()
        first.kill()
        second = stack.enter_context(rig.worker())
        rig.send(payloads[HALF:])
        rig.drain()
        # In a keyed topology the last stage goes on when the first one is done.
        until(lambda: len(rig.read(topic)) >= len(expected), "all are told")
        until(lambda: any(counts(second, "shadow_alerts")), "they are counted")
        until(lambda: any(counts(second, "shadow_decisions")), "what would change is counted")
    found = rig.read(topic)
    assert {headers_of(each)["alert_id"]: each.value for each in found} == expected
    if guarantee == "exactly_once":
        assert len(found) == len(expected)
    headers = [headers_of(each) for each in found]
    assert Counter(each["alert_kind"] for each in headers).keys() == {"event", "overflow"}
    assert {each["source_topic"] for each in headers} == {rig.topology.input.topic}
    for each, told in zip(found, headers, strict=True):
        content = orjson.loads(each.value)
        assert content["shadow"]
        if told["alert_kind"] == "event":
            assert content["event"]["id"] == f"e{told['source_offset']}"
    assert dict(rig.alerts()) == {alert.alert_id: alert.value for alert in result.alerts}
