"""What one stage tells the next of a stretch of events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.gaps import Gap
from fraudstream.engine.watermark import Tide
from fraudstream.events.batch import EventBatch
from fraudstream.events.dictionary import Dictionary
from fraudstream.events.interning import Interner
from fraudstream.events.packing import narrow, pack, unpack
from fraudstream.events.schema import Schema
from fraudstream.events.transfer import arrays_of, batch_of

DETAIL_CHARACTERS_MAX = 500


class OutOfStepError(RuntimeError):
    """Messages of two stages that do not belong together: which events each is about, and the remedy."""


class Stretch(NamedTuple):
    """Consecutive new events of the whole stream.

    Attributes
    ----------
    first
        How many new events came before.
    events
        How many there are, in all partitions together.
    before_us, after_us
        The watermark before and after them, in microseconds.
    ruleset
        Version of the ruleset that judges them.
    """

    first: int
    events: int
    before_us: int
    after_us: int
    ruleset: str


class Failure(NamedTuple):
    """An event on which a stage failed: its number among those of the part, and what was raised."""

    event: int
    exception: str = ""
    detail: str = ""


def failure_of(event: int, error: Exception, words: str, where: str) -> Failure:
    """Return how a stage failed on an event; `words` of what was raised may be any, at any length."""
    words = words[:DETAIL_CHARACTERS_MAX].encode(errors="backslashreplace").decode()
    return Failure(event, type(error).__name__, f"{words} (in {where})")


class Packed(NamedTuple):
    """A message taken apart: its stretch, and its arrays, none where no event concerns its partition.

    `gap` is what the stages before have missed of the past, `failures` the events of the part that a share
    has left out.
    """

    stretch: Stretch
    arrays: dict[str, NDArray[Any]]
    gap: Gap | None
    failures: tuple[Failure, ...] = ()


def write(
    stretch: Stretch,
    arrays: Mapping[str, NDArray[Any]],
    gap: Gap | None,
    failures: Sequence[Failure] = (),
) -> bytes:
    """Return the message of a stretch."""
    head: dict[str, Any] = {"stretch": list(stretch)}
    if gap is not None:
        head["gap"] = list(gap)
    if failures:
        head["failures"] = [list(each) for each in failures]
    return pack(head, arrays)


def read(message: bytes) -> Packed:
    """Take a message apart; PackingError where it is none."""
    head, arrays = unpack(message)
    gap = Gap(*head["gap"]) if "gap" in head else None
    failures = tuple(Failure(*each) for each in head.get("failures", ()))
    return Packed(Stretch(*head["stretch"]), arrays, gap, failures)


def counted(events: NDArray[np.intp], failures: Sequence[Failure]) -> NDArray[np.intp]:
    """Return the events of a part without those on which the stage failed."""
    return np.delete(events, [each.event for each in failures]) if failures else events


def write_events(
    stretch: Stretch,
    batch: EventBatch,
    tide: Tide,
    events: NDArray[np.intp],
    dictionary: Dictionary,
    gap: Gap | None,
) -> bytes:
    """Return the message of some of a stretch's events, each with the watermark at it."""
    part = batch if len(events) == len(batch) else batch.take(events)
    behind_us = tide.running_us[events] - part.time_us
    return write(stretch, {"behind_us": narrow(behind_us), **arrays_of(part, dictionary)}, gap)


def events_of(packed: Packed, schema: Schema, interner: Interner) -> tuple[EventBatch, NDArray[np.int64]]:
    """Return the events of a message, and the watermark at each."""
    batch = batch_of(packed.arrays, schema, interner)
    return batch, batch.time_us + packed.arrays["behind_us"]
