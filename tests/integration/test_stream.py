"""No message is lost between the topics, whatever happens to the worker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from fraudstream.stream.admin import create_topics, lag
from fraudstream.stream.transport import BATCHES_MAX
from loadtest.waiting import until
from tests.integration.stream_rig import (
    NewRig,
    Rig,
    alert_id,
    expected_alerts,
    headers_of,
    payloads,
    set_limit,
)
from tests.unit.stream.fakes import topology

pytestmark = pytest.mark.integration


def test_every_event_is_accounted_for(new_rig: NewRig) -> None:
    """Of 20,000 events each alert leaves once, each bad message is a dead letter, and all are committed."""
    rig = new_rig()
    values = payloads(20_000)
    bad = [b"", b"not json", b"\xff\xfe", b"[]"]
    rig.send([*values, *bad])
    worker = rig.worker().ready()
    rig.drain()
    summary = worker.stop()
    assert summary["judged"] == summary["events"] == len(values) + len(bad)
    assert summary["errors"] == []
    assert sorted(rig.alerts()) == sorted(expected_alerts(values))
    assert sorted(letter.value for letter in rig.dead_letters()) == sorted(bad)
    assert rig.lag() == 0


def test_alerts_and_dead_letters_name_their_source(new_rig: NewRig) -> None:
    """The headers lead back to topic, partition and offset; a dead letter keeps key and payload."""
    rig = new_rig(partitions=2)
    with closing(rig.producer()) as producer:
        for value, key in ((b"{}", None), (b'{"ALERT": 1}', b"k"), (b"bad", None), (None, b"card-7")):
            producer.send(rig.topology.input.topic, value=value, key=key, partition=1)
        producer.flush()
    worker = rig.worker().ready()
    rig.drain()
    worker.stop()
    (alert,) = rig.read(rig.topology.output.alerts)
    assert (alert.key, alert.value) == (b'{"ALERT": 1}', b'{"ALERT": 1}')
    source = {"source_topic": rig.topology.input.topic, "source_partition": "1"}
    assert headers_of(alert) == {
        "alert_id": 'alert of {"ALERT": 1}',
        "alert_kind": "event",
        "ruleset_version": "ruleset-1",
        "source_offset": "1",
        **source,
    }
    letters = {headers_of(letter)["source_offset"]: letter for letter in rig.dead_letters()}
    assert {offset: (each.key, each.value) for offset, each in letters.items()} == {
        "2": (None, b"bad"),
        "3": (b"card-7", None),
    }
    assert headers_of(letters["2"]).items() >= {"reason": "not_json", "stage": "decode", **source}.items()


def test_a_second_run_goes_on_where_the_first_stopped(new_rig: NewRig) -> None:
    """What a worker has finished before it stopped is read again in silence: nothing more comes of it."""
    rig = new_rig()
    for start in (0, 1_000):
        rig.send(payloads(1_000, start=start))
        worker = rig.worker().ready()
        rig.drain()
        assert worker.stop()["events"] == 1_000
    assert sorted(rig.alerts()) == sorted(expected_alerts(payloads(2_000)))


def trickle(rig: Rig, values: list[bytes]) -> threading.Thread:
    """Send messages little by little, as fast as the broker confirms them."""

    def send() -> None:
        with closing(rig.producer()) as producer:
            for start in range(0, len(values), 20):
                for number, value in enumerate(values[start : start + 20]):
                    partition = number % rig.partitions
                    producer.send(rig.topology.input.topic, value=value, partition=partition)
                producer.flush()

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def test_a_killed_worker_loses_no_alert(new_rig: NewRig) -> None:
    """After kill -9 in mid-stream the next worker goes on, and each alert is there at least once."""
    rig = new_rig()
    values = payloads(10_000, every=2)
    worker = rig.worker(step_seconds=0.01).ready()
    sending = trickle(rig, values)
    until(lambda: len(rig.alerts()) > 100, "alerts leave")
    worker.kill()
    until(lambda: rig.lag() > 0, "messages remain")
    rig.worker().ready()
    sending.join()
    rig.drain()
    assert set(rig.alerts()) == expected_alerts(values)


def test_another_worker_takes_over(new_rig: NewRig) -> None:
    """Of two workers one stands by; when the other is killed it judges everything, and no alert is lost."""
    rig = new_rig()
    values = payloads(10_000, every=2)
    owner = rig.worker(step_seconds=0.01).ready()
    until(lambda: "recovered in" in owner.text(), "the first worker has the shard")
    standby = rig.worker(step_seconds=0.01).ready()
    sending = trickle(rig, values)
    until(lambda: len(rig.alerts()) > 100, "alerts leave")
    assert "recovered in" not in standby.text()
    owner.kill()
    sending.join()
    rig.drain()
    assert set(rig.alerts()) == expected_alerts(values)
    assert standby.stop()["events"] > 0


def test_a_slow_broker_bounds_what_is_under_way(new_rig: NewRig) -> None:
    """With far more to read than fits, no more batches than allowed wait for receipts, and all get done."""
    rig = new_rig(partitions=1)
    value = b'{"event": "' + b"x" * 20_000 + b'"}'
    rig.send(value for _ in range(4_000))
    worker = rig.worker(receipt_seconds=0.5).ready()
    rig.drain()
    summary = worker.stop()
    assert summary["judged"] == 4_000
    assert summary["batches"] > BATCHES_MAX
    assert summary["most_open"] == BATCHES_MAX


def test_the_batches_in_hand_are_finished_before_a_stop(new_rig: NewRig) -> None:
    """A worker told to stop waits for the receipts of what it has judged, and commits that."""
    rig = new_rig(partitions=1)
    worker = rig.worker(receipt_seconds=3.0).ready()
    rig.send([b'{"ALERT": 1}'])
    until(lambda: rig.alerts() == [alert_id(b'{"ALERT": 1}')], "the alert leaves")
    assert rig.lag() == 1
    assert worker.stop()["events"] == 1
    assert rig.lag() == 0


def test_what_fails_becomes_dead_letters_and_the_stream_goes_on(new_rig: NewRig) -> None:
    """A batch on which the engine raises, and the event of an alert too large to send, are kept."""
    rig = new_rig(partitions=1)
    worker = rig.worker().ready()
    values = [b'{"CRASH": 1}', b'{"HUGE": 2}', b'{"ALERT": 3}']
    for value in values:
        rig.send([value])
        rig.drain()
    assert worker.stop()["errors"] == ["step", "alert_too_large"]
    letters = [(headers_of(letter)["reason"], letter.value) for letter in rig.dead_letters()]
    assert letters == [("step_failed", values[0]), ("alert_too_large", values[1])]
    assert rig.alerts() == [alert_id(values[2])]


def test_a_refused_alert_stops_the_worker_without_commit(new_rig: NewRig) -> None:
    """When the broker refuses an alert for good the worker ends with 1, and a later one judges it again."""
    rig = new_rig(partitions=1)
    worker = rig.worker().ready()
    rig.send([b'{"ALERT": 1}'])
    rig.drain()
    set_limit(rig.bootstrap, rig.topology.output.alerts, 100)
    rig.send([b'{"ALERT": 2}', b'{"event": 3}'])
    code, summary = worker.wait()
    assert code == 1
    assert summary["errors"] == ["emit"]
    assert rig.lag() == 2
    assert worker.text().count(" ERROR ") == 1
    assert "cannot be sent (MessageSizeTooLargeError()): stopping without committing it" in worker.text()
    set_limit(rig.bootstrap, rig.topology.output.alerts, 1_000_000)
    rig.worker().ready()
    rig.drain()
    assert rig.alerts() == [alert_id(b'{"ALERT": 1}'), alert_id(b'{"ALERT": 2}')]


def test_a_message_larger_than_its_dead_letter_may_be(new_rig: NewRig) -> None:
    """A bad message of 10 MB leaves a dead letter without payload, and the stream goes on."""
    rig = new_rig(partitions=1)
    set_limit(rig.bootstrap, rig.topology.input.topic, 20_000_000)
    rig.send([b"x" * 10_000_000, b'{"ALERT": 1}'], max_request_size=20_000_000)
    worker = rig.worker().ready()
    rig.drain()
    assert worker.stop()["errors"] == []
    (letter,) = rig.dead_letters()
    assert (letter.key, letter.value) == (None, None)
    assert headers_of(letter).items() >= {"source_offset": "0", "left_behind_bytes": "10000000"}.items()
    assert rig.alerts() == [alert_id(b'{"ALERT": 1}')]


def test_aborted_transactions_are_not_judged(new_rig: NewRig) -> None:
    """Only committed messages count; the gaps that transactions leave in the offsets hold back nothing."""
    rig = new_rig(partitions=1)
    with closing(rig.producer(transactional_id=rig.prefix)) as producer:
        producer.init_transactions()
        for number in range(6):
            producer.begin_transaction()
            producer.send(rig.topology.input.topic, value=b'{"ALERT": %d}' % number, partition=0)
            if number % 2:
                producer.abort_transaction()
            else:
                producer.commit_transaction()
    rig.send([b'{"ALERT": 6}'])
    worker = rig.worker().ready()
    rig.drain()
    assert worker.stop()["judged"] == 4
    assert rig.alerts() == [alert_id(b'{"ALERT": %d}' % number) for number in (0, 2, 4, 6)]


def test_a_missing_topic_is_one_line(kafka: str, topic_names: Callable[[str], str], tmp_path: Path) -> None:
    """A worker whose topics are not there says which, and how to make them."""
    prefix = topic_names("events").removesuffix(".events")
    rig = Rig.__new__(Rig)
    rig.bootstrap, rig.prefix, rig.told_partitions, rig.directory, rig.workers = (
        kafka,
        prefix,
        1,
        tmp_path,
        [],
    )
    worker = rig.worker()
    code, _ = worker.wait()
    assert code == 1
    (line,) = worker.text().splitlines()
    missing = ", ".join(f"{prefix}.{word}" for word in ("alerts", "dead", "events", "journal"))
    assert line.endswith(f"no topic {missing}: create it with `fraudstream topics create`")


def test_topics_are_created_once(kafka: str, topic_names: Callable[[str], str]) -> None:
    """Creating says what is new, what was there, and what does not fit; nothing is changed."""
    prefix = topic_names("events").removesuffix(".events")
    for word in ("alerts", "dead", "journal"):
        topic_names(word)
    new = create_topics(topology(kafka, prefix, 3))
    assert {(state.name, state.partitions, state.created) for state in new} == {
        *((f"{prefix}.{word}", 3, True) for word in ("events", "alerts", "dead")),
        (f"{prefix}.journal", 1, True),
    }
    again = create_topics(topology(kafka, prefix, 2))
    assert {(state.name, state.partitions, state.created, state.fits) for state in again} == {
        (f"{prefix}.events", 3, False, False),
        (f"{prefix}.alerts", 3, False, True),
        (f"{prefix}.dead", 3, False, True),
        (f"{prefix}.journal", 1, False, True),
    }


def test_lag_counts_what_is_not_committed(new_rig: NewRig) -> None:
    """Before any worker has run all messages are behind; partitions are counted apart."""
    rig = new_rig(partitions=3)
    rig.send(payloads(10))
    assert lag(rig.topology) == {0: 4, 1: 3, 2: 3}
