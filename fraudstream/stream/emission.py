"""What leaves for the topics of alerts and dead letters after a step, and with which headers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from fraudstream.events.batch import DeadLetter
from fraudstream.events.card_numbers import masked, masked_payload
from fraudstream.stream.producer import Headers, Outgoing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fraudstream.engine.result import Alert, StepResult
    from fraudstream.stream.batch import Origin, Partition

MESSAGE_BYTES_MAX = 1_048_588
"""Kafka's own default of `max.message.bytes`."""
ALERT_TOO_LARGE = "alert_too_large"
DETAIL_CHARACTERS_MAX = 1_000
TOO_LARGE, POLICY, GONE = "too_large", "policy", "gone"
"""Why a dead letter is without its payload."""
CARDS_MASKED = "cards_masked"
"""The header of a dead letter whose payload is not that of its source: card numbers in it are masked."""
UNQUOTED = "what was raised is not quoted, it may repeat an event (privacy of the topology)"


@dataclass(frozen=True)
class Outlet:
    """The topics that are written, and the largest record batch that each takes, in bytes.

    `payloads_kept` says whether dead letters hold key and payload of their source, `quotes` whether anything
    may repeat what was raised, which may repeat an event. `parts` is the topic to the next stage of a keyed
    topology, `shadow` that of shadow alerts; both are empty where there is none.
    """

    alerts: str
    dead_letters: str
    journal: str
    alert_bytes_max: int = MESSAGE_BYTES_MAX
    dead_letter_bytes_max: int = MESSAGE_BYTES_MAX
    payloads_kept: bool = True
    quotes: bool = True
    parts: str = ""
    shadow: str = ""
    shadow_bytes_max: int = MESSAGE_BYTES_MAX


def quoted(error: Exception, *, quotes: bool) -> str:
    """Return what an error says, as far as that may leave."""
    return masked(str(error)) if quotes else UNQUOTED


class Messages(Protocol):
    """The messages of one input partition that a result is about."""

    @property
    def partition(self) -> Partition:
        """Topic and number."""

    def origin(self, row: int) -> Origin:
        """Return the message of a row."""

    def is_gone(self, row: int) -> bool:
        """Whether that message is not at hand, and nowhere to be read any more."""


@dataclass(frozen=True)
class Emission:
    """What one batch gave rise to: the messages to send, and the result less the alerts too large to go.

    `letter_rows` are the rows that become dead letters.
    """

    messages: list[Outgoing]
    result: StepResult
    alerts_too_large: list[Alert]
    letter_rows: list[int]


def emission(batch: Messages, result: StepResult, ruleset_version: str, outlet: Outlet) -> Emission:
    """Turn a step's result into messages: alerts, shadow alerts and dead letters, each in their order."""
    messages: list[Outgoing] = []
    letters = list(result.dead_letters)
    too_large: list[Alert] = []

    def sent(alerts: Sequence[Alert], topic: str, bytes_max: int) -> list[Alert]:
        """Note the messages of some alerts; return those that their topic takes."""
        found = [(alert, alert_message(batch, alert, ruleset_version, topic)) for alert in alerts]
        fits = [message.size_bytes() <= bytes_max for _, message in found]
        messages.extend(message for (_, message), fit in zip(found, fits, strict=True) if fit)
        left = [each for each, fit in zip(found, fits, strict=True) if not fit]
        too_large.extend(alert for alert, _ in left)
        letters.extend(letter_for(*each, bytes_max) for each in left)
        return [alert for alert, fit in zip(alerts, fits, strict=True) if fit]

    alerts = sent(result.alerts, outlet.alerts, outlet.alert_bytes_max)
    shadow = sent(result.shadow.alerts, outlet.shadow, outlet.shadow_bytes_max)
    messages += [dead_letter_message(batch, letter, outlet) for letter in letters]
    emitted = replace(result, alerts=alerts, shadow=replace(result.shadow, alerts=shadow))
    return Emission(messages, emitted, too_large, [letter.row for letter in letters])


def alert_message(batch: Messages, alert: Alert, ruleset_version: str, topic: str) -> Outgoing:
    """Return the message of an alert."""
    headers = [
        ("alert_id", alert.alert_id.encode()),
        ("alert_kind", alert.kind.encode()),
        ("ruleset_version", ruleset_version.encode()),
        *source_headers(batch, alert.row),
    ]
    return Outgoing(topic, alert.key, alert.value, headers)


def letter_for(alert: Alert, message: Outgoing, bytes_max: int) -> DeadLetter:
    """Return the dead letter that stands in for an alert which its topic does not take."""
    detail = (
        f"alert {alert.alert_id} has {message.size_bytes()} bytes, "
        f"{message.topic} takes {bytes_max}: raise its max.message.bytes"
    )
    return DeadLetter(alert.row, ALERT_TOO_LARGE, "emit", detail)


def dead_letter_message(batch: Messages, letter: DeadLetter, outlet: Outlet) -> Outgoing:
    """Return the message of a dead letter: key and payload of its source, so that it can be sent again.

    A payload that the topic does not take, or that the topology withholds, stays behind; the headers say why,
    and where it is. So it does where a later stage of a keyed topology finds it gone from the input. Card
    numbers in it are masked; where there are some a header says so, and it can no longer be sent again.
    """
    record = batch.origin(letter.row)
    headers = [*letter_headers(letter), *source_headers(batch, letter.row)]
    key, value = _masked(record.key), _masked(record.value)
    is_masked = (key, value) != (record.key, record.value)
    kept = [*headers, *([(CARDS_MASKED, b"true")] if is_masked else [])]
    message = Outgoing(outlet.dead_letters, key, value, kept)
    why = _why_left_behind(batch.is_gone(letter.row), message, outlet)
    if why is None:
        return message
    size_bytes = len(record.key or b"") + len(record.value or b"")
    headers.append(("left_behind", why.encode()))
    headers.append(("left_behind_bytes", b"%d" % size_bytes))
    return Outgoing(outlet.dead_letters, None, None, headers)


def _masked(content: bytes | None) -> bytes | None:
    return None if content is None else masked_payload(content)


def _why_left_behind(is_gone: bool, message: Outgoing, outlet: Outlet) -> str | None:
    if not outlet.payloads_kept:
        return POLICY
    if is_gone:
        return GONE
    return None if message.size_bytes() <= outlet.dead_letter_bytes_max else TOO_LARGE


def letter_headers(letter: DeadLetter) -> Headers:
    """Return what was wrong with a message."""
    raised = [] if letter.exception is None else [("exception", letter.exception.encode())]
    return [
        ("reason", letter.reason.encode()),
        ("stage", letter.stage.encode()),
        *raised,
        # A detail may quote the message, whose text need not be valid or short.
        ("detail", letter.detail[:DETAIL_CHARACTERS_MAX].encode(errors="backslashreplace")),
    ]


def source_headers(batch: Messages, row: int) -> Headers:
    """Return where in the input the message of a row stands."""
    topic, partition = batch.partition
    return [
        ("source_topic", topic.encode()),
        ("source_partition", b"%d" % partition),
        ("source_offset", b"%d" % batch.origin(row).offset),
    ]
