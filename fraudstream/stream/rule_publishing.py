"""Publishes bundles to their topic, in transactions.

All publishers of a topic have one transactional id. Whoever begins fences whoever is still at it, and reads
the topic only then: nor can two at a time publish under the same sequence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from kafka import KafkaProducer
from kafka.errors import (
    InvalidProducerEpochError,
    KafkaError,
    ProducerFencedError,
    TransactionalIdAuthorizationFailedError,
)

from fraudstream.stores.bundles.messages import APPROVAL, BUNDLE, Messages, key_of
from fraudstream.stream.admin import BROKER_SECONDS_MAX
from fraudstream.stream.clients import client_settings
from fraudstream.stream.hanging import end_hanging_transactions
from fraudstream.stream.logs import muted
from fraudstream.stream.permissions import may_write, refusal
from fraudstream.stream.redriving import (
    CLOSE_SECONDS_MAX,
    DELIVERY_SECONDS_MAX,
    REQUEST_BYTES_MAX,
    within,
    words,
)
from fraudstream.stream.rule_topic import RuleTopic, RuleTopicError, rule_errors
from fraudstream.stream.topic_settings import message_bytes_max, set_command

if TYPE_CHECKING:
    from fraudstream.config import Topology

FRAME_BYTES = 1_024
"""At most so much does a message have around a bundle."""


class TopicPlace:
    """The topic of a topology's bundles, as a shelf sees it."""

    def __init__(self, topology: Topology, topic: str) -> None:
        self.where = self.history = self.beside = topic
        self._topology = topology
        self._messages: Messages | None = None
        self._producer: Any = None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other publishers of the same topic out: those that are at it fail at their next message."""
        topology = self._topology
        with self._errors():
            self._producer = _producer(topology, self.where)
        try:
            with self._errors():
                self._producer.init_transactions()
                end_hanging_transactions(topology, _transactional_id(self.where), [self.where])
            self._messages = None
            yield
        except BaseException:
            with muted("kafka"), suppress(KafkaError):
                within(CLOSE_SECONDS_MAX, self._producer.abort_transaction)
            raise
        finally:
            with muted("kafka"), suppress(KafkaError):
                within(CLOSE_SECONDS_MAX, self._producer.close)

    def newest(self) -> bytes | None:
        """Return the bundle with the highest sequence, None where nothing was published yet."""
        kept = self.kept()
        return self.read(max(kept)) if kept else None

    def kept(self) -> Collection[int]:
        """Return the sequences of all bundles on the topic."""
        return self._held().sequences()

    def read(self, sequence: int) -> bytes:
        """Return a bundle of the topic."""
        return self._held().bundle(sequence)

    def prepare(self, sequence: int, content: bytes) -> None:
        """Send a bundle in a transaction that stays open."""
        limit = message_bytes_max(self._topology, self.where)
        needed = len(content) + FRAME_BYTES
        if needed > limit:
            raise RuleTopicError(
                f"{self.where}: bundle {sequence} needs a message of {needed} bytes, the topic takes {limit}"
                ": take smaller lists or models, publish to a file, or let the topic take more: "
                f"{set_command(self._topology, self.where, 'max.message.bytes', str(needed))}"
            )
        with self._errors():
            self._send({key_of(BUNDLE, sequence): content})

    def show(self, sequence: int, content: bytes) -> None:
        """Commit the transaction."""
        self._commit(f"bundle {sequence} is published")
        self._held().take([(key_of(BUNDLE, sequence), content)])

    def approve(self, sequence: int, content: bytes) -> None:
        """Send the approval of a bundle."""
        with self._errors():
            self._send({key_of(APPROVAL, sequence): content})
        self._commit(f"bundle {sequence} is approved")

    def drop(self, sequences: Collection[int]) -> None:
        """Send tombstones for bundles, and for their approvals."""
        if not sequences:
            return
        with self._errors():
            self._send({key_of(kind, each): None for each in sequences for kind in (BUNDLE, APPROVAL)})
        self._commit("what is no longer kept is gone")

    def _held(self) -> Messages:
        if self._messages is None:
            messages = Messages(self.where)
            messages.take(RuleTopic(self._topology, self.where).read())
            self._messages = messages
        return self._messages

    def _send(self, messages: Mapping[bytes, bytes | None]) -> None:
        """Begin a transaction and return once the broker has its messages."""
        self._producer.begin_transaction()
        receipts = [
            self._producer.send(self.where, value, key, partition=0) for key, value in messages.items()
        ]
        for receipt in receipts:
            receipt.get(DELIVERY_SECONDS_MAX)

    def _commit(self, what: str) -> None:
        with self._errors(), muted("kafka"):
            try:
                within(DELIVERY_SECONDS_MAX, self._producer.commit_transaction)
            except (ProducerFencedError, InvalidProducerEpochError):
                raise
            except KafkaError as error:
                raise RuleTopicError(
                    f"{self.where}: the broker has not said whether {what} ({words(error)}): look at what is "
                    "there by `fraudstream rules unpack`, and repeat"
                ) from None

    @contextmanager
    def _errors(self) -> Iterator[None]:
        with rule_errors(self._topology, self.where, "Write"):
            try:
                yield
            except (ProducerFencedError, InvalidProducerEpochError):
                what = "somebody else has begun to publish there meanwhile"
                raise RuleTopicError(f"{self.where}: {what}: look at what is there, and repeat") from None
            except TransactionalIdAuthorizationFailedError:
                denied = [may_write(_transactional_id(self.where))]
                raise RuleTopicError(refusal(self._topology.kafka, denied)) from None


def _transactional_id(topic: str) -> str:
    return f"{topic}.publish"


def _producer(topology: Topology, topic: str) -> Any:
    return KafkaProducer(
        **client_settings(topology.kafka),
        bootstrap_timeout_ms=BROKER_SECONDS_MAX * 1000,
        transactional_id=_transactional_id(topic),
        acks="all",
        max_block_ms=BROKER_SECONDS_MAX * 1000,
        max_request_size=REQUEST_BYTES_MAX,
        # Written into requests as it is: a float would go out as nonsense.
        request_timeout_ms=int(BROKER_SECONDS_MAX * 1000),
        delivery_timeout_ms=int(DELIVERY_SECONDS_MAX * 1000),
    )
