"""How the service is doing, as the workers' pages and the cluster tell it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer

from fraudstream.stream.embedded import free_port
from loadtest.demo_worker import Worker
from loadtest.waiting import until
from tests.integration.rule_rig import RuleRig
from tests.unit.cli.commands import fraudstream
from tests.unit.rule_files import event, rule_file, rule_files, write_files

pytestmark = pytest.mark.integration


def test_the_status_follows_workers_that_work_stand_by_and_are_gone(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path
) -> None:
    """Ready, ready to take over, not ready under refused rules, and none left, with what waits for them."""
    rig = RuleRig(kafka, tmp_path, topic_names, rule_files(rule_file(cases="[]")))
    port = rig.topology.metrics.port
    other = free_port()
    second = tmp_path / "second.yml"
    second.write_text(rig.file.read_text().replace(f"port: {port}", f"port: {other}"))

    def status(*ports: int) -> tuple[int, Any]:
        named = [part for each in ports for part in ("--worker", f"127.0.0.1:{each}")]
        ran = fraudstream("status", "--topology", rig.file, *named, "--json")
        return ran.code, json.loads(ran.out)

    with rig.worker:
        rig.send(*(event(f"a{number}", amount=500) for number in range(3)), b"no event")
        until(lambda: status(port)[0] == 0, "the worker is ready and has committed")
        told = status(port)[1]
        assert (told["workers"][0]["state"], told["workers"][0]["partitions"]) == ("ready", 1)
        assert told["workers"][0]["events"] == 4
        assert told["rules"] == [{"rule": "TST-ANY-001", "status": "live", "hits": 3}]
        assert told["dead_letters"] == {"not_json": 1}
        until(lambda: status(port)[1]["lag"][0]["events"] == 0, "all is committed")
        with Worker(second, kafka, other, tmp_path / "second.log"):
            until(lambda: status(port, other)[0] == 0, "both are ready")
            told = status(port, other)[1]
            assert [each["state"] for each in told["workers"]] == ["ready", "standby"]
            assert told["kafka"]["group_members"] in (2, 0)  # the embedded broker does not tell
            assert len(told["rulesets"]) == 1
        write_files(rig.rules, {"x/0.yml": rule_file("amount_usd > ", cases="[]")})
        until(lambda: status(port)[1]["workers"][0]["state"] == "not ready: ruleset", "the rules are refused")
        stages = rig.worker.metrics()["fraudstream_stage_seconds_count"]
        names = {"decode", "features", "score", "judge", "decide", "emit", "commit"}
        assert {name for (name,) in stages} == names
        assert rig.total("fraudstream_rebalances_total") >= 1
        assert rig.total("fraudstream_lag_seconds", "0") == 0
    with closing(KafkaProducer(bootstrap_servers=kafka)) as producer:
        for number in range(2):
            producer.send(rig.topology.input.topic, event(f"b{number}"))
        producer.flush()
    code, told = status(port)
    assert (code, told["workers"][0]["state"]) == (1, "unreachable")
    (lag,) = told["lag"]
    assert lag["events"] == 2
    assert 0 <= lag["seconds"] < 600
