"""Sends dead letters back to where their messages came from, each once.

Every letter that is sent back leaves a note in its own partition of the dead-letter topic, behind the letter,
so that retention cannot drop the note before the letter. The message and its note are written in one
transaction: neither is ever there without the other. All redrives of a topology have one transactional id.
Whoever begins fences whoever is still at it, and reads the notes only then: nor can two at a time send the
same letter.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError, UnknownTopicOrPartitionError

from fraudstream.stream.admin import BROKER_SECONDS_MAX, label_partitions, reporting
from fraudstream.stream.clients import client_settings
from fraudstream.stream.emission import GONE, POLICY
from fraudstream.stream.errors import BrokerError
from fraudstream.stream.hanging import end_hanging_transactions
from fraudstream.stream.letters import REDRIVEN_OFFSET, Letter, LetterBox, Position, Redriven
from fraudstream.stream.logs import muted

if TYPE_CHECKING:
    from fraudstream.config import Topology

REDRIVEN_FROM = "fraudstream-redriven-from"
"""Header of a message that was sent back: topic, partition and offset of its letter, with colons between."""
TRANSACTION_LETTERS = 500
DELIVERY_SECONDS_MAX = 30.0
CLOSE_SECONDS_MAX = 5.0
REQUEST_BYTES_MAX = 2**30
"""Never the limit: that is the broker's to set."""


class LetterError(Exception):
    """A letter that the broker does not take back: which, and why."""


@dataclass
class Plan:
    """What a redrive would do: the letters to send, those sent before, and why others cannot be sent."""

    to_send: set[Position] = field(default_factory=set)
    sent_before: set[Position] = field(default_factory=set)
    refused: dict[Position, str] = field(default_factory=dict)
    found: set[Position] = field(default_factory=set)


@dataclass
class Redrive:
    """What a redrive did; `failure` says what ended it early, and then `unknown` may or may not be sent."""

    plan: Plan
    sent: list[Position] = field(default_factory=list)
    unknown: list[Position] = field(default_factory=list)
    failure: str | None = None

    @property
    def not_sent(self) -> list[Position]:
        """The letters that were to be sent and surely were not."""
        return sorted(self.plan.to_send.difference(self.sent, self.unknown))


def planned(entries: Iterable[Letter | Redriven], wanted: Callable[[Letter], bool], again: bool) -> Plan:
    """Return what is to be done with the letters that are wanted; `again` sends what was sent before."""
    plan, sent_before = Plan(), set()
    for entry in entries:
        if isinstance(entry, Redriven):
            sent_before.add(entry.position)
        elif wanted(entry):
            plan.found.add(entry.position)
            if (why := refusal(entry)) is not None:
                plan.refused[entry.position] = why
    sendable = plan.found - plan.refused.keys()
    plan.sent_before = set() if again else sendable & sent_before
    plan.to_send = sendable - plan.sent_before
    return plan


def refusal(letter: Letter) -> str | None:
    """Return why a letter cannot be sent back, None where it can."""
    if letter.left_behind == GONE:
        return "its message had left the input by then: send it again, from where it came from"
    if letter.left_behind is not None:
        why = "by policy" if letter.left_behind == POLICY else "it was too large for the dead-letter topic"
        return f"its payload was left behind ({why}): send the message itself again, from its source"
    if letter.cards_masked:
        return "card numbers in its payload are masked: send the message itself again, from its source"
    if letter.value is None:
        return "its message was a tombstone: there is nothing to send"
    return None


def redrive(topology: Topology, wanted: Callable[[Letter], bool], again: bool = False) -> Redrive:
    """Send the wanted letters back; return when the broker has acknowledged all, or at the first failure.

    Without `again` no letter is sent that ever was. BrokerError where nothing can be begun.
    """
    with reporting(topology):
        producer = transactional_producer(topology)
    try:
        with reporting(topology):
            producer.init_transactions()
        topics = [topology.input.topic, *label_partitions(topology), topology.output.dead_letters]
        end_hanging_transactions(topology, transactional_id(topology), topics)
        box = LetterBox(topology)
        done = Redrive(planned(box.entries(), wanted, again))
        with muted("kafka"):
            send_planned(box, producer, topology.output.dead_letters, done)
        return done
    finally:
        # All that matters is acknowledged by now.
        with muted("kafka"), suppress(KafkaError):
            within(CLOSE_SECONDS_MAX, producer.close)


def send_planned(box: LetterBox, producer: Any, dead_letters: str, done: Redrive) -> None:
    """Send the planned letters, transaction by transaction, up to the first that fails."""
    letters = (letter for letter in box.letters() if letter.position in done.plan.to_send)
    try:
        for part in in_parts(letters):
            if not sent(producer, dead_letters, part, done):
                return
    except BrokerError as error:
        # The topic cannot be read to its end; what was sent so far is sent.
        done.failure = str(error)


def transactional_id(topology: Topology) -> str:
    """Return the transactional id that all redrives of a topology share."""
    return f"{topology.kafka.group}.{topology.output.dead_letters}.redrive"


def transactional_producer(topology: Topology) -> Any:
    """Return the producer that all redrives of a topology share the right to be."""
    return KafkaProducer(
        **client_settings(topology.kafka),
        bootstrap_timeout_ms=BROKER_SECONDS_MAX * 1000,
        transactional_id=transactional_id(topology),
        acks="all",
        max_block_ms=BROKER_SECONDS_MAX * 1000,
        max_request_size=REQUEST_BYTES_MAX,
        # Written into requests as it is: a float would go out as nonsense.
        request_timeout_ms=int(BROKER_SECONDS_MAX * 1000),
        delivery_timeout_ms=int(DELIVERY_SECONDS_MAX * 1000),
    )


def sent(producer: Any, dead_letters: str, letters: list[Letter], done: Redrive) -> bool:
    """Send some letters in one transaction and note in `done` how that went; return whether they are sent."""
    try:
        producer.begin_transaction()
        deliver(producer, dead_letters, letters)
    except (LetterError, KafkaError) as error:
        # A courtesy to readers: whoever redrives next would abort it too.
        with suppress(KafkaError):
            within(CLOSE_SECONDS_MAX, producer.abort_transaction)
        done.failure = words(error)
        return False
    positions = [letter.position for letter in letters]
    try:
        within(DELIVERY_SECONDS_MAX, producer.commit_transaction)
    except KafkaError as error:
        done.unknown, done.failure = positions, f"the commit: {words(error)}"
        return False
    done.sent += positions
    return True


def deliver(producer: Any, dead_letters: str, letters: list[Letter]) -> None:
    """Send letters and wait until the broker has them; LetterError names the one that fails."""
    receipts = []
    for letter in letters:
        with naming(letter):
            receipts.append((letter, hand_over(producer, dead_letters, letter)))
    for letter, both in receipts:
        with naming(letter):
            for receipt in both:
                receipt.get(DELIVERY_SECONDS_MAX)


@contextmanager
def naming(letter: Letter) -> Iterator[None]:
    """Let an error of the client say which letter it is about."""
    try:
        yield
    except KafkaError as error:
        raise LetterError(f"letter {letter.position}: {words(error)}") from error


def words(error: Exception) -> str:
    """Return what an error says, at least what it is."""
    return str(error) or type(error).__name__


def hand_over(producer: Any, dead_letters: str, letter: Letter) -> tuple[Any, Any]:
    """Give a letter's message and its note to the producer; return what to await for each."""
    topic, partition = letter.source_topic, letter.source_partition
    if partition not in producer.partitions_for(topic):
        raise UnknownTopicOrPartitionError(f"{topic} has no partition {partition} any more")
    origin = f"{dead_letters}:{letter.position}".encode()
    note = [(REDRIVEN_OFFSET, b"%d" % letter.position.offset)]
    return (
        producer.send(topic, letter.value, letter.key, [(REDRIVEN_FROM, origin)], partition),
        producer.send(dead_letters, b"", None, note, letter.position.partition),
    )


def within(seconds: float, task: Callable[[], object]) -> None:
    """Run a task of the client that would wait without end for a broker that is gone.

    Raises what it raises, and KafkaTimeoutError after so many seconds.
    """
    errors: list[Exception | None] = []

    def run() -> None:
        try:
            task()
        except Exception as error:
            errors.append(error)
        else:
            errors.append(None)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if not errors:
        raise KafkaTimeoutError(f"no answer within {seconds:g} s")
    if errors[0] is not None:
        raise errors[0]


def in_parts(letters: Iterable[Letter]) -> Iterator[list[Letter]]:
    """Cut letters into transactions."""
    rest = iter(letters)
    while part := list(islice(rest, TRANSACTION_LETTERS)):
        yield part
