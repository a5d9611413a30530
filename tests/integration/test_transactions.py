"""Exactly once, where a transaction or its owner is stuck."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import InvalidTxnState
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from fraudstream.stream.hanging import end_hanging_transactions
from loadtest.crash_rig import CrashRig, judged_by, uninterrupted
from loadtest.waiting import until
from tests.unit.rule_files import event, rule_file, rule_files, write_files

pytestmark = pytest.mark.integration


@pytest.fixture
def setup(kafka: str, topic_names: Callable[[str], str], tmp_path: Path) -> CrashRig:
    """A topology under exactly once, with one rule that alerts on every event."""
    rules = write_files(
        tmp_path / "rules", rule_files(rule_file('kind == "transfer"', cases="[]", status="live"))
    )
    names = {word: topic_names(word) for word in ("events", "alerts", "dead", "journal")}
    return CrashRig(kafka, tmp_path, names, rules, guarantee="exactly_once")


def transactional_id(setup: CrashRig) -> str:
    """Return the transactional id of a rig's shard."""
    return f"{setup.topology.kafka.group}.{setup.topology.name}.0"


@contextmanager
def unverified(kafka: str) -> Iterator[None]:
    """Have the broker take a produce request into a transaction that its coordinator does not know."""
    with closing(KafkaAdminClient(bootstrap_servers=kafka)) as admin:
        set_verification(admin, "false")
        try:
            yield
        finally:
            set_verification(admin, "true")


def set_verification(admin: Any, value: str) -> None:
    """Say whether the broker asks the coordinator about a transaction before it writes for it."""
    setting = {"transaction.partition.verification.enable": value}
    admin.alter_configs([ConfigResource(ConfigResourceType.BROKER, "1", configs=setting)])


async def leave_hanging(setup: CrashRig, topics: list[str]) -> None:
    """Write to topics in a transaction of which the coordinator is not told, and never end it."""
    for topic in topics:
        while not await is_left_hanging(setup, topic):
            pass


async def is_left_hanging(setup: CrashRig, topic: str) -> bool:
    """Try to leave a transaction hanging in a topic; False while the broker still asks its coordinator."""
    producer = AIOKafkaProducer(bootstrap_servers=setup.kafka, transactional_id=transactional_id(setup))
    await producer.start()
    await producer.begin_transaction()
    producer._txn_manager._txn_partitions.add(TopicPartition(topic, 0))
    try:
        await producer.send_and_wait(topic, b"of nobody", partition=0)
    except InvalidTxnState:
        return False
    finally:
        await producer.stop()
    return True


def test_a_transaction_that_nobody_can_end_holds_up_no_worker(setup: CrashRig) -> None:
    """Left behind in the journal and in the alert topic by an earlier owner, it is ended by the next one."""
    output = setup.topology.output
    with unverified(setup.kafka):
        asyncio.run(leave_hanging(setup, [output.journal, output.alerts]))
    messages = [event(f"{number}") for number in range(5)]
    setup.send(messages)
    with setup.worker() as worker:
        judged_by(worker, 5)
        setup.drain()
    assert dict(setup.alerts()) == uninterrupted(setup.topology, messages)
    assert "a hanging transaction of an earlier owner" in setup.logs()


async def sent_while(setup: CrashRig, look: Callable[[], None]) -> None:
    """Send an alert in a transaction of a rig's shard, and look while it is open."""
    producer = AIOKafkaProducer(bootstrap_servers=setup.kafka, transactional_id=transactional_id(setup))
    await producer.start()
    async with producer.transaction():
        await producer.send_and_wait(setup.topology.output.alerts, b"{}", key=b"alert", partition=0)
        await asyncio.to_thread(look)
    await producer.stop()


def test_an_owner_that_was_superseded_ends_no_transaction_of_its_heir(setup: CrashRig) -> None:
    """It was frozen, or is slow, and only now looks for what was left open."""
    alerts = setup.topology.output.alerts

    def look() -> None:
        end_hanging_transactions(setup.topology, transactional_id(setup), [alerts])

    asyncio.run(sent_while(setup, look))
    assert [record.value for record in setup.read(alerts)] == [b"{}"]


async def fence(setup: CrashRig) -> None:
    """Begin to send for a rig's shard, as another worker would."""
    producer = AIOKafkaProducer(bootstrap_servers=setup.kafka, transactional_id=transactional_id(setup))
    await producer.start()
    await producer.stop()


def test_a_worker_that_is_fenced_stops_with_one_clear_line(setup: CrashRig) -> None:
    """Another sends for its shard: exit code 1, one error line, and nothing in hand is sent."""
    setup.send([event("before")])
    with setup.worker() as worker:
        judged_by(worker, 1)
        asyncio.run(fence(setup))
        setup.send([event("after")])
        until(lambda: worker.code() is not None, "the worker stops")
        assert worker.code() == 1
    (line,) = [line for line in setup.logs().splitlines() if " ERROR fraudstream" in line]
    assert "another worker has taken the shard over" in line
    assert "Traceback" not in setup.logs()
    assert len(setup.alerts()) == 1
