"""Reads a topic with aiokafka alone, as a worker fetches and no more: the ceiling of anything built on it."""

from __future__ import annotations

import argparse
import time

import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition

from fraudstream.stream.clients import FETCH_BYTES_MAX, FETCH_WAIT_MS
from fraudstream.stream.transport import FETCH_EVENTS_MAX


async def events_per_s(bootstrap: str, topic: str) -> float:
    """Return the rate at which partition 0 is read from its beginning to its end, less the first fetch."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        max_partition_fetch_bytes=FETCH_BYTES_MAX,
        max_poll_records=FETCH_EVENTS_MAX,
        fetch_max_wait_ms=FETCH_WAIT_MS,
    )
    partition = TopicPartition(topic, 0)
    async with consumer:
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        end = (await consumer.end_offsets([partition]))[partition]
        position = await _next_offset(consumer)
        first, start = position, time.perf_counter()
        while position < end:
            position = await _next_offset(consumer)
        return (position - first) / (time.perf_counter() - start)


async def _next_offset(consumer: AIOKafkaConsumer) -> int:
    """Fetch, and return the offset behind what came."""
    while not (fetched := await consumer.getmany(timeout_ms=1000)):
        pass
    return int(next(iter(fetched.values()))[-1].offset) + 1


def main() -> None:
    """Print the rate."""
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("--kafka", "--topic"):
        parser.add_argument(option, required=True)
    asked = parser.parse_args()
    print(uvloop.run(events_per_s(asked.kafka, asked.topic)))


if __name__ == "__main__":
    main()
