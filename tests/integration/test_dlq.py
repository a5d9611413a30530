"""`fraudstream dlq` on a real broker: what is listed is there, and what is sent back is sent once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from kafka.errors import KafkaError

from fraudstream.events.batch import DeadLetter
from fraudstream.stream import redriving
from fraudstream.stream.batch import Batch
from fraudstream.stream.emission import Outlet, dead_letter_message
from fraudstream.stream.letters import LetterBox
from fraudstream.stream.redriving import (
    REDRIVEN_FROM,
    redrive,
    transactional_producer,
)
from tests.integration.stream_rig import NewRig, Rig, headers_of, set_limit
from tests.unit.cli.commands import Ran, error_line, fraudstream
from tests.unit.stream.fakes import record

pytestmark = pytest.mark.integration


def topology_file(rig: Rig) -> Path:
    """Write the rig's topology to a file."""
    names = rig.topology.output
    output = {"alerts": names.alerts, "dead_letters": names.dead_letters, "journal": names.journal}
    fields = {
        "schema": "fraudstream.topology/v1",
        "name": "test",
        "kafka": {"bootstrap": rig.bootstrap, "group": rig.prefix},
        "input": {"topic": rig.topology.input.topic},
        "output": output,
        "rules": "rules",
        "privacy": {"personal": "clear"},
    }
    path = rig.directory / "topology.yml"
    path.write_text(json.dumps(fields))
    return path


def dlq(rig: Rig, command: str, *arguments: object) -> Ran:
    """Run `fraudstream dlq` on the rig's topology."""
    return fraudstream("dlq", command, "--topology", topology_file(rig), *arguments)


def bury(rig: Rig, payloads: Sequence[bytes | None], partition: int = 0, kept: bool = True) -> None:
    """Write the dead letters of messages at the offsets 0, 1 ... of a partition of the input."""
    output = rig.topology.output
    outlet = Outlet(output.alerts, output.dead_letters, output.journal, payloads_kept=kept)
    batch = Batch(
        (rig.topology.input.topic, partition),
        [record(offset, value, b"key") for offset, value in enumerate(payloads)],
    )
    with closing(rig.producer()) as producer:
        for row in range(len(batch)):
            letter = dead_letter_message(batch, DeadLetter(row, "not_json", "decode", "no JSON"), outlet)
            # This client, unlike the worker's, sends no message without key and payload.
            value = b"" if letter.key is None else letter.value
            producer.send(letter.topic, value, letter.key, letter.headers, partition=0)
        producer.flush()


def sent_back(rig: Rig) -> list[bytes]:
    """Return the payloads of the input topic, in their order by partition."""
    return [message.value for message in rig.read(rig.topology.input.topic)]


def test_what_a_worker_buries_is_listed_and_shown(new_rig: NewRig) -> None:
    """Reason, stage, exception and source of every letter, filtered, counted, and in full."""
    rig = new_rig(partitions=2)
    worker = rig.worker().ready()
    rig.send([b"bad", b'{"event": 1}', b""])
    rig.drain()
    rig.send([b'{"CRASH": 1}'])
    rig.drain()
    worker.stop()
    found = json.loads(dlq(rig, "list", "--json").out)
    assert found["by_reason"] == {"not_json": 2, "step_failed": 1}
    crash = found["letters"][-1]
    assert (crash["stage"], crash["exception"]) == ("step", "RuntimeError")
    assert crash["source"] == {"topic": rig.topology.input.topic, "partition": 0, "offset": 2}
    some = json.loads(dlq(rig, "list", "--json", "--reason", "not_json", "--limit", "1").out)
    assert ([each["reason"] for each in some["letters"]], some["by_reason"]) == (
        ["not_json"],
        {"not_json": 2},
    )
    assert dlq(rig, "list", "--since", "2100-01-01T00:00:00Z").out == "no dead letters\n"
    shown = dlq(rig, "show", crash["letter"]).out.splitlines()
    assert shown[1:4] == [
        "reason     step_failed, at stage step",
        "exception  RuntimeError",
        "detail     RuntimeError: no such luck",
    ]
    assert shown[-1] == 'payload    {"CRASH": 1}'
    line = error_line("dlq", "show", "0:99", "--topology", topology_file(rig))
    assert line == "no dead letter at 0:99: see `fraudstream dlq list`"


def test_a_letter_is_sent_back_once(new_rig: NewRig) -> None:
    """To its own partition with key, payload and a header; again only when asked, whoever asks."""
    rig = new_rig(partitions=2)
    bury(rig, [b"one", b"two"], partition=1)
    assert dlq(rig, "redrive", "0:1", "--dry-run").out == "would be sent: 1 (0:1)\n"
    assert sent_back(rig) == []
    assert dlq(rig, "redrive", "0:1").out == "sent and acknowledged: 1 (0:1)\n"
    (message,) = rig.read(rig.topology.input.topic)
    assert (message.partition, message.key, message.value) == (1, b"key", b"two")
    assert headers_of(message) == {REDRIVEN_FROM: f"{rig.topology.output.dead_letters}:0:1"}
    assert dlq(rig, "redrive", "--reason", "not_json").out.splitlines() == [
        "sent and acknowledged: 1 (0:0)",
        "sent back before, left alone (--again sends them): 1 (0:1)",
    ]
    assert sent_back(rig) == [b"two", b"one"]
    assert dlq(rig, "redrive", "0:1", "--again").out == "sent and acknowledged: 1 (0:1)\n"
    assert sent_back(rig) == [b"two", b"one", b"two"]
    listed = json.loads(dlq(rig, "list", "--json").out)
    assert [(each["letter"], each["redriven"]) for each in listed["letters"]] == [
        ("0:0", True),
        ("0:1", True),
    ]
    assert "sent back  yes" in dlq(rig, "show", "0:1").out


def test_letters_without_payload_are_refused(new_rig: NewRig) -> None:
    """Withheld ones and tombstones, with the remedy and a failing exit code; the others go."""
    rig = new_rig(partitions=1)
    bury(rig, [b"secret"], kept=False)
    bury(rig, [None, b"fine"])
    assert dlq(rig, "show", "0:0").out.splitlines()[-1] == (
        "payload    withheld, 9 bytes with the key: the topology withholds payloads "
        "(privacy, output.dead_letter_payloads); it stands at the source"
    )
    ran = dlq(rig, "redrive", "--reason", "not_json")
    assert (ran.code, sent_back(rig)) == (1, [b"fine"])
    assert ran.out.splitlines() == [
        "sent and acknowledged: 1 (0:2)",
        "1 cannot be sent, its payload was left behind (by policy): "
        "send the message itself again, from its source: 1 (0:0)",
        "1 cannot be sent, its message was a tombstone: there is nothing to send: 1 (0:1)",
    ]


def test_a_failure_midway_tells_what_was_sent(new_rig: NewRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is committed counts as sent, what is aborted does not; the next run sends the rest alone."""
    monkeypatch.setattr(redriving, "TRANSACTION_LETTERS", 2)
    rig = new_rig(partitions=1)
    set_limit(rig.bootstrap, rig.topology.input.topic, 1_000)
    bury(rig, [b"0", b"1", b"2", b"x" * 5_000, b"4"])
    ran = dlq(rig, "redrive", "--reason", "not_json")
    assert ran.code == 1
    sent_line, not_sent_line, why = ran.out.splitlines()
    assert (sent_line, not_sent_line) == ("sent and acknowledged: 2 (0:0 0:1)", "not sent: 3 (0:2 0:3 0:4)")
    assert why.startswith("stopped at letter 0:")
    assert sent_back(rig) == [b"0", b"1"]
    set_limit(rig.bootstrap, rig.topology.input.topic, 1_000_000)
    again = dlq(rig, "redrive", "--reason", "not_json").out.splitlines()
    assert again[0] == "sent and acknowledged: 3 (0:2 0:3 0:4)"
    assert sent_back(rig) == [b"0", b"1", b"2", b"x" * 5_000, b"4"]


def test_two_redrives_at_a_time_send_a_letter_once(new_rig: NewRig) -> None:
    """One that is overtaken, or was killed in the middle, cannot commit what another has sent."""
    rig = new_rig(partitions=1)
    bury(rig, [b"one"])
    letters = list(LetterBox(rig.topology).letters())
    slow: Any = transactional_producer(rig.topology)
    slow.init_transactions()
    slow.begin_transaction()
    redriving.deliver(slow, rig.topology.output.dead_letters, letters)
    assert [str(each) for each in redrive(rig.topology, lambda _: True).sent] == ["0:0"]
    with pytest.raises(KafkaError):
        slow.commit_transaction()
    slow.close(timeout=5)
    assert sent_back(rig) == [b"one"]


def test_a_source_partition_that_is_gone_is_told(new_rig: NewRig) -> None:
    """A letter of a topic that has fewer partitions now is not sent elsewhere."""
    rig = new_rig(partitions=1)
    bury(rig, [b"one"], partition=2)
    ran = dlq(rig, "redrive", "0:0")
    assert ran.code == 1
    assert f"{rig.topology.input.topic} has no partition 2 any more: mend that" in ran.out
    assert sent_back(rig) == []
