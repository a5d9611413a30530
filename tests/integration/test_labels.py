"""Labels on their own topic: learned in their place among the events, whoever dies in between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from fraudstream.engine.step import Engine
from fraudstream.stores.rule_directory import load_ruleset
from loadtest.crash_rig import GUARANTEES, CrashRig, headers_of, total
from loadtest.demo_worker import Worker
from tests.unit.rule_files import event, rule_file, rule_files, write_files

pytestmark = pytest.mark.integration

TURNS, EVENTS = 12, 40
KILLED_AFTER = (3, 4, 8)
"""After these turns the worker is killed; the next one has to know what it knew."""
MODEL = b"""schema: fraudstream.model/v1
id: learned
title: Amounts of known frauds
features: {amount: log1p(amount_usd)}
estimator: {kind: binned_logistic, first: 100}
warm_up: 2
seed: 1
"""


def rules_in(folder: Path) -> Path:
    """Write rules that tell of each event what is known, and of its score."""
    features = "{frauds: {count: frauds, by: debtor.id, window: 30d}}"
    rules = [
        rule_file(f"frauds >= {least}", features=features, cases="[]", rule_id=f"TST-ANY-00{least}")
        for least in (1, 2, 5)
    ]
    rules.append(rule_file('score("learned") > 0.7', cases="[]", rule_id="TST-ANY-009"))
    return write_files(folder, rule_files(*rules, **{"models/learned.yml": MODEL}))


def turn_of(number: int) -> tuple[list[bytes], list[bytes]]:
    """Return the events of a turn, and the labels that come after them; every eighth is large, and fraud."""
    names = range(number * EVENTS, (number + 1) * EVENTS)
    events = [
        event(f"e{each}", debtor={"id": f"c{each % 5}"}, amount=900 if each % 8 == 0 else 5 + each % 3)
        for each in names
    ]
    return events, [label(f"e{each}", "fraud" if each % 8 == 0 else "genuine") for each in names]


def label(of: str, what: str) -> bytes:
    """Return a label as a message."""
    return orjson.dumps({"schema": "fraudstream.label/v1", "label": what, "event_id": of})


def rig_of(kafka: str, topic: Callable[[str], str], folder: Path, guarantee: str) -> CrashRig:
    """Return a rig whose topology takes labels."""
    names = {word: topic(word) for word in ("events", "alerts", "dead", "journal", "labels")}
    return CrashRig(kafka, folder, names, rules_in(folder / "rules"), guarantee=guarantee)


def labels_topic(rig: CrashRig) -> str:
    """Return the topic of a rig's labels."""
    assert rig.topology.labels is not None
    return rig.topology.labels.topic


def labels_of(worker: Worker) -> dict[str, float]:
    """Return what a worker's labels have come to."""
    found = worker.metrics().get("fraudstream_labels_total", {})
    return {outcome: number for (outcome,), number in found.items() if number}


@pytest.mark.parametrize("guarantee", GUARANTEES)
def test_labels_are_learned_where_they_came(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path, guarantee: str
) -> None:
    """Events and labels take turns, workers are killed in between: the alerts are those of one engine."""
    rig = rig_of(kafka, topic_names, tmp_path, guarantee)
    engine = Engine(load_ruleset(rig.topology.rules), rig.topology.settings())
    expected: dict[str, bytes] = {}
    worker = rig.worker()
    worker.__enter__()
    try:
        for number in range(TURNS):
            events, labels = turn_of(number)
            expected |= {alert.alert_id: alert.value for alert in engine.step(events).alerts}
            engine.learn(labels)
            rig.send(events)
            rig.drain()
            rig.send(labels, topic=labels_topic(rig))
            rig.drain()
            if number in KILLED_AFTER:
                worker.kill()
                worker = rig.worker()
                worker.__enter__()
    finally:
        worker.stop()
    found = rig.alerts()
    assert dict(found) == expected
    if guarantee == "exactly_once":
        assert len(found) == len(expected)
    assert any(b"TST-ANY-009" in value for value in expected.values())


def test_labels_of_a_backlog_wait_for_their_events(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path
) -> None:
    """A worker that finds both topics full learns every label; what is none becomes a dead letter."""
    rig = rig_of(kafka, topic_names, tmp_path, GUARANTEES[0])
    turns = [turn_of(number) for number in range(TURNS)]
    for events, _ in turns:
        rig.send(events)
    rig.send([b"{}", *(each for _, labels in turns for each in labels)], topic=labels_topic(rig))
    with rig.worker() as worker:
        rig.drain()
        frauds = sum(each % 8 == 0 for each in range(TURNS * EVENTS))
        assert labels_of(worker) == {"fraud": frauds, "genuine": TURNS * EVENTS - frauds}
        assert total(worker, "fraudstream_events_total") == TURNS * EVENTS + 1
    (letter,) = rig.read(rig.topology.output.dead_letters)
    headers = headers_of(letter)
    assert (headers["reason"], headers["source_topic"]) == ("not_a_label", labels_topic(rig))
    assert (headers["source_partition"], headers["source_offset"]) == ("0", "0")
