"""Labels of a history on their way to the engine: each is taught when it became known, and never before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from fraudstream.engine.step import Settings
from fraudstream.engine.watermark import NEVER_US
from fraudstream.events.appends import Appends
from fraudstream.events.batch import EventBatch
from fraudstream.events.decode import Decoder
from fraudstream.events.interning import Interner
from fraudstream.workbench.answers import FRAUD, NOT_DATED_US, UNKNOWN, Answers
from fraudstream.workbench.arrivals import Arrivals

_TEXTS_MAX = 200_000
"""Beyond so many texts the reader ahead begins with none again: it needs ids and times only."""


class Turn(NamedTuple):
    """Labels that are known by now, and the messages that come next."""

    labels: Sequence[bytes]
    messages: Sequence[bytes | None]


class Taught(NamedTuple):
    """What labels came to.

    `unknown` ones came when their events no longer waited for them; `not_yet_known` is what the history ends
    before, `not_dated` what nobody says the time of.
    """

    fraud: int = 0
    genuine: int = 0
    repeated: int = 0
    unknown: int = 0
    not_yet_known: int = 0
    not_dated: int = 0


@dataclass(frozen=True)
class Ahead:
    """Messages that are not judged yet, and the events that they will be, duplicates among them.

    `newest_us` int64 [messages] is the newest time up to each message.
    """

    messages: Sequence[bytes | None]
    batch: EventBatch
    newest_us: NDArray[np.int64]


class Lessons:
    """Cuts a history where labels became known.

    The clock is the history's own: the newest time so far at which a message was appended, or that of an
    event where that is not known. A label is taught before the first message at which the clock stands later
    than when the label became known, and behind its own event, in the order in which labels became known.
    `delay_us` after its event a label counts as known that nobody has dated; without it such a label is not
    taught. What waits is kept in memory: the labels of as many events as a delay is long.
    """

    def __init__(self, settings: Settings, answers: Answers, delay_us: int | None = None) -> None:
        self._answers = answers
        self._delay_us = delay_us
        self._reader = _Reader(settings)
        self._waiting: list[_Lesson] = []
        self._given = 0
        self.not_dated = 0
        """How many labels are not taught because nobody says when they became known."""

    @property
    def not_yet_known(self) -> int:
        """How many labels wait until the history comes to their time."""
        return len(self._waiting)

    def turns(self, portions: Iterable[Sequence[bytes | None]]) -> Iterator[Turn]:
        """Yield the messages of all portions in their order, and before them the labels known by then."""
        for messages in portions:
            if isinstance(messages, Arrivals) and messages.are_labels:
                yield Turn((), messages)
                continue
            ahead = self._reader.read(messages)
            due = self._due(ahead)
            cuts = sorted({0, *due})
            for cut, end in zip(cuts, [*cuts[1:], len(messages)], strict=True):
                labels = [each.message for each in sorted(due.get(cut, ()))]
                yield Turn(labels, messages[cut:end])

    def _due(self, ahead: Ahead) -> dict[int, list[_Lesson]]:
        """Return by message the lessons that are due before it, and keep the others."""
        due: dict[int, list[_Lesson]] = {}
        last_us = int(ahead.newest_us[-1]) if len(ahead.newest_us) else NEVER_US
        while self._waiting and self._waiting[0].known_us < last_us:
            lesson = heappop(self._waiting)
            due.setdefault(_first_after(ahead, lesson.known_us), []).append(lesson)
        for row, lesson in self._new(ahead):
            message = max(row + 1, _first_after(ahead, lesson.known_us))
            if message < len(ahead.messages):
                due.setdefault(message, []).append(lesson)
            else:
                heappush(self._waiting, lesson)
        return due

    def _new(self, ahead: Ahead) -> Iterator[tuple[int, _Lesson]]:
        """Yield the labels of these events, each with the message of its event."""
        if not len(ahead.batch):
            return
        labels, known_us = self._answers.of(ahead), self._answers.known_us(ahead)
        for event in np.flatnonzero(labels != UNKNOWN).tolist():
            us = self._when(int(known_us[event]), int(ahead.batch.time_us[event]))
            if us is None:
                self.not_dated += 1
                continue
            self._given += 1
            message = _label(ahead.batch.ids.text(event), labels[event] == FRAUD)
            yield int(ahead.batch.row[event]), _Lesson(us, self._given, message)

    def _when(self, known_us: int, event_us: int) -> int | None:
        if known_us != NOT_DATED_US:
            return known_us
        return None if self._delay_us is None else event_us + self._delay_us


def taught_of(came_to: Mapping[str, int], lessons: Lessons | None) -> Taught:
    """Return what an engine made of the labels that it was given, and how many it was not."""
    learned = {each: came_to.get(each, 0) for each in ("fraud", "genuine", "repeated", "unknown")}
    waiting = 0 if lessons is None else lessons.not_yet_known
    return Taught(**learned, not_yet_known=waiting, not_dated=0 if lessons is None else lessons.not_dated)


def turns_of(portions: Iterable[Sequence[bytes | None]], lessons: Lessons | None) -> Iterator[Turn]:
    """Yield the turns of a history, whole portions where nothing is taught."""
    return (Turn((), each) for each in portions) if lessons is None else lessons.turns(portions)


class _Lesson(NamedTuple):
    """A label, when it became known, and its number among all."""

    known_us: int
    number: int
    message: bytes


class _Reader:
    """Reads messages as the engine will, to know their times before it judges them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._newest_us = NEVER_US
        self._renew()

    def _renew(self) -> None:
        self._texts = Interner()
        self._decoder = Decoder(self._settings.schema, self._texts, self._settings.mapping)

    def read(self, messages: Sequence[bytes | None]) -> Ahead:
        """Return the events of some messages."""
        if len(self._texts) > _TEXTS_MAX:
            self._renew()
        appended_us = messages.appended_us if isinstance(messages, Arrivals) else None
        appends = None if appended_us is None else Appends(appended_us, self._settings.ahead_us)
        batch, _ = self._decoder.decode(messages, appends)
        time_us = np.full(len(messages), NEVER_US, np.int64)
        time_us[batch.row] = batch.time_us
        if appended_us is not None:
            time_us = np.where(appended_us < 0, time_us, appended_us)
        newest_us = np.maximum(np.maximum.accumulate(time_us), self._newest_us)
        if len(newest_us):
            self._newest_us = int(newest_us[-1])
        return Ahead(messages, batch, newest_us)


def _first_after(ahead: Ahead, us: int) -> int:
    """Return the first message at which the clock stands later."""
    return int(np.searchsorted(ahead.newest_us, us, side="right"))


def _label(event_id: str, is_fraud: bool) -> bytes:
    label = "fraud" if is_fraud else "genuine"
    return orjson.dumps({"schema": "fraudstream.label/v1", "event_id": event_id, "label": label})
