"""The topic of the bundles, read: by workers again and again, by publishers before they write."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, TopicAuthorizationFailedError

from fraudstream.stores.bundles.errors import UNREADABLE, BundleError
from fraudstream.stores.bundles.messages import Message
from fraudstream.stream.admin import BROKER_SECONDS_MAX, UNKNOWN_TOPIC, connected, reporting
from fraudstream.stream.clients import FETCH_WAIT_MS, client_settings
from fraudstream.stream.errors import BrokerError
from fraudstream.stream.logs import muted
from fraudstream.stream.permissions import Permission, refusal

if TYPE_CHECKING:
    from fraudstream.config import Topology

POLL_MS = 200


class RuleTopicError(BundleError):
    """The topic cannot be used: what, where, remedy, in one line."""

    def __init__(self, message: str) -> None:
        self.reason = UNREADABLE
        Exception.__init__(self, message)


class RuleTopic:
    """Reads the topic of the bundles, each message once; not by two threads at a time.

    What a transaction that was not committed wrote is not there.
    """

    def __init__(self, topology: Topology, topic: str) -> None:
        self._topology = topology
        self._partition = TopicPartition(topic, 0)
        self._consumer: Any = None
        self._next: int | None = None
        self._trouble = ""

    def read(self) -> list[Message]:
        """Return what has come since the last time, at first all that is there; RuleTopicError on failure.

        Later the same trouble is told once, and nothing comes of a broker that is away, of which others tell.
        """
        is_first = self._next is None
        try:
            found = self._news()
        except RuleTopicError as error:
            # One that is left waiting for its broker logs line after line.
            self.close()
            is_told, self._trouble = str(error) == self._trouble, str(error)
            cause = error.__cause__
            if is_first or not (is_told or (isinstance(cause, BrokerError) and cause.is_away)):
                raise
            return []
        self._trouble = ""
        if is_first:
            # Whoever has read what is there may end without another look.
            self.close()
        return found

    def _news(self) -> list[Message]:
        with rule_errors(self._topology, self._partition.topic, "Read"):
            self._consumer = self._consumer or self._opened()
            return self._upto_end(self._consumer)

    def close(self) -> None:
        """Let go of the broker."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with muted("kafka"), suppress(KafkaError):
                consumer.close()

    def _opened(self) -> Any:
        topic, where = self._partition.topic, self._topology.kafka.bootstrap
        with connected(self._topology) as admin:
            (described,) = admin.describe_topics([topic])
        if described["error_code"] == UNKNOWN_TOPIC:
            raise RuleTopicError(f"{where}: no topic {topic}: create it with `fraudstream topics create`")
        consumer = KafkaConsumer(
            **client_settings(self._topology.kafka),
            bootstrap_timeout_ms=BROKER_SECONDS_MAX * 1000,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )
        consumer.assign([self._partition])
        consumer.seek(self._partition, self._next or 0)
        return consumer

    def _upto_end(self, consumer: Any) -> list[Message]:
        wait_ms = BROKER_SECONDS_MAX * 1000
        end = consumer.end_offsets([self._partition], timeout_ms=wait_ms)[self._partition]
        if (self._next or 0) > end:
            # The topic was made anew.
            consumer.seek(self._partition, 0)
        found: list[Message] = []
        deadline = time.monotonic() + BROKER_SECONDS_MAX
        while consumer.position(self._partition, timeout_ms=wait_ms) < end:
            records = consumer.poll(timeout_ms=POLL_MS).get(self._partition, ())
            found += [(record.key, record.value) for record in records]
            if records:
                deadline = time.monotonic() + BROKER_SECONDS_MAX
            elif time.monotonic() > deadline:
                raise BrokerError(
                    f"{self._topology.kafka.bootstrap}: {self._partition.topic} cannot be read: no answer "
                    f"within {BROKER_SECONDS_MAX:g} s: try again when the broker answers",
                    is_away=True,
                )
        self._next = consumer.position(self._partition)
        return found


@contextmanager
def rule_errors(topology: Topology, topic: str, operation: str) -> Iterator[None]:
    """Turn what goes wrong with the cluster into a RuleTopicError; `operation` is what may be denied."""
    denied = [Permission(operation, "topic", topic)]
    try:
        with reporting(topology):
            try:
                yield
            except TopicAuthorizationFailedError:
                raise RuleTopicError(refusal(topology.kafka, denied)) from None
    except BrokerError as error:
        raise RuleTopicError(str(error)) from error
