"""A Kafka consumer gives messages as they were parsed, and of each all that a worker reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from fraudstream.stream.parsed_records import ParsedRecords, give_parsed_records

COMMITTED = 1
READ = ("offset", "timestamp", "key", "value")
Aborted = list[tuple[int, int]]
"""Producers and the first offsets of their aborted transactions."""


def appended(*messages: tuple[bytes | None, bytes | None], is_transactional: bool = False) -> bytearray:
    """Return the record batch of some keys and values, whose first offset is 0."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=is_transactional,
        producer_id=7,
        producer_epoch=0,
        base_sequence=0,
        batch_size=10_000,
    )
    for offset, (key, value) in enumerate(messages):
        builder.append(offset, 1_000 + offset, key, value, [("h", b"1")] if key else [])
    built: bytearray = builder.build()
    return built


def records(kind: type, batch: bytearray, first: int = 0, aborted: Aborted | None = None) -> Any:
    """Return what a fetch of a batch from an offset on brings."""
    place = TopicPartition("events", 0)
    return kind(place, MemoryRecords(bytes(batch)), aborted, first, None, None, True, COMMITTED)


def told(found: Any) -> list[tuple[Any, ...]]:
    """Return all that a worker reads of some messages."""
    return [(*(getattr(each, name) for name in READ), list(each.headers)) for each in found]


@pytest.mark.parametrize("first", [0, 1, 3])
def test_a_message_is_what_it_is_to_any_consumer(first: int) -> None:
    """Key, tombstone, headers and times, from the wanted offset on, and where to go on."""
    batch = appended((b"k", b"v"), (None, b"w"), (b"gone", None))
    ours, usual = records(ParsedRecords, batch, first), records(fetcher.PartitionRecords, batch, first)
    found = told(ours)
    assert found == told(usual)
    assert len(found) == 3 - first
    assert ours.next_fetch_offset == usual.next_fetch_offset == 3


def test_what_was_aborted_never_happened() -> None:
    """Neither to us."""
    batch = appended((None, b"v"), is_transactional=True)
    assert told(records(ParsedRecords, batch)) != []
    assert told(records(ParsedRecords, batch, aborted=[(7, 0)])) == []


def test_a_fetch_is_given_by_parts() -> None:
    """The client takes so many messages at a time, and goes on where it was."""
    parts = records(ParsedRecords, appended(*[(None, b"%d" % number) for number in range(5)]))
    taken = []
    for limit in (2, 2, 2):
        found: list[Any] = []
        for each in parts:
            found.append(each.value)
            if len(found) == limit:
                break
        taken.append(found)
    assert taken == [[b"0", b"1"], [b"2", b"3"], [b"4"]]


@pytest.fixture
def client() -> Iterator[Any]:
    """The client's module, which is put back."""
    usual = fetcher.PartitionRecords
    yield fetcher
    fetcher.PartitionRecords = usual


def test_the_client_gives_them(client: Any) -> None:
    """It looks up by this name what it makes of a fetch."""
    give_parsed_records()
    assert client.PartitionRecords is ParsedRecords
    assert "PartitionRecords" in client.Fetcher._proc_fetch_request.__code__.co_names
