"""What decoding gives: events as columns, and the messages that are no events as dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.interning import MISSING, Interner
from fraudstream.events.jit import kernel
from fraudstream.events.schema import Schema


@dataclass(frozen=True)
class DeadLetter:
    """A message that could not be judged: its row in the batch, why, at which stage, and in words.

    `exception` is the class of what was raised, None where nothing was.
    """

    row: int
    reason: str
    stage: str
    detail: str
    exception: str | None = None


@dataclass(frozen=True)
class Numbers:
    """A numeric column; `present` is False where the event has none (the value there means nothing)."""

    values: NDArray[np.int64] | NDArray[np.float64]
    present: NDArray[np.bool_]


@dataclass(frozen=True)
class Ids:
    """The ids of n events as UTF-8, end to end: `data` uint8, `ends` int64 [n]."""

    data: NDArray[np.uint8]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Ids:
        """Return some ids."""
        parts = [text.encode() for text in texts]
        ends = np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)))
        return cls(np.frombuffer(bytearray().join(parts), np.uint8), ends)

    def __len__(self) -> int:
        return len(self.ends)

    def text(self, event: int) -> str:
        """Return the id of one event."""
        start = self.ends[event - 1] if event else 0
        return self.data[start : self.ends[event]].tobytes().decode()

    def all(self) -> list[str]:
        """Return the ids of all events."""
        size = int(self.ends[-1]) if len(self) else 0
        text = self.data[:size].tobytes().decode()
        if len(text) < size:
            return [self.text(event) for event in range(len(self))]
        ends = self.ends.tolist()
        return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]

    def take(self, index: NDArray[np.intp]) -> Ids:
        """Return the ids of `index`, in its order."""
        return Ids(*_taken_texts(self.data, self.ends, index))

    def followed_by(self, other: Ids) -> Ids:
        """Return these ids and then the others."""
        end = self.ends[-1] if len(self) else 0
        data = np.concatenate([self.data[:end], other.data])
        return Ids(data, np.concatenate([self.ends, other.ends + end]))


@kernel
def _taken_texts(
    data: NDArray[np.uint8], ends: NDArray[np.int64], index: NDArray[np.intp]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    new_ends = np.empty(len(index), np.int64)
    end = np.int64(0)
    for place, event in enumerate(index):
        end += ends[event] - (ends[event - 1] if event else 0)
        new_ends[place] = end
    taken = np.empty(end, np.uint8)
    end = np.int64(0)
    for event in index:
        for position in range(ends[event - 1] if event else 0, ends[event]):
            taken[end] = data[position]
            end += 1
    return taken, new_ends


@dataclass(frozen=True)
class EventBatch:
    """n events as columns, in stream order.

    Attributes
    ----------
    row
        int32 [n], leads back to the messages of the batch.
    time_us
        int64 [n], event time in microseconds since 1970 UTC.
    codes
        int32 [texts, n], the text columns of `schema.texts` as codes of `texts`; MISSING where there is none.
    ints, ints_known
        int64 and bool [wholes, n], the columns of `schema.wholes`; `amount` in minor units of the event's own
        currency. Where a value is not known it means nothing.
    floats, floats_known
        float64 and bool [reals, n], the columns of `schema.reals`.
    ids
        The event ids, which are too many to be interned.
    texts
        What the codes stand for.
    """

    schema: Schema
    row: NDArray[np.int32]
    time_us: NDArray[np.int64]
    codes: NDArray[np.int32]
    ints: NDArray[np.int64]
    ints_known: NDArray[np.bool_]
    floats: NDArray[np.float64]
    floats_known: NDArray[np.bool_]
    ids: Ids
    texts: Interner

    def __len__(self) -> int:
        return len(self.row)

    def code(self, column: str) -> NDArray[np.int32]:
        """Return the codes [n] of a text column."""
        codes: NDArray[np.int32] = self.codes[self.schema.row_of[column]]
        return codes

    def text(self, column: str, event: int) -> str | None:
        """Return the text that an event has in a column, None where it has none."""
        code = int(self.codes[self.schema.row_of[column], event])
        return None if code == MISSING else self.texts.text(code)

    def words(self, column: str) -> list[str | None]:
        """Return the texts [n] of a column."""
        return [self.text(column, event) for event in range(len(self))]

    def number(self, column: str) -> Numbers:
        """Return a numeric column."""
        row = self.schema.row_of[column]
        if column in self.schema.wholes:
            return Numbers(self.ints[row], self.ints_known[row])
        return Numbers(self.floats[row], self.floats_known[row])

    def take(self, index: NDArray[np.intp]) -> EventBatch:
        """Return the events of `index`, in its order."""
        return EventBatch(
            self.schema,
            self.row[index],
            self.time_us[index],
            np.take(self.codes, index, axis=1),
            np.take(self.ints, index, axis=1),
            np.take(self.ints_known, index, axis=1),
            np.take(self.floats, index, axis=1),
            np.take(self.floats_known, index, axis=1),
            self.ids.take(index),
            self.texts,
        )

    def followed_by(self, other: EventBatch) -> EventBatch:
        """Return these events and then the others, of the same schema and interner."""
        return EventBatch(
            self.schema,
            np.concatenate([self.row, other.row]),
            np.concatenate([self.time_us, other.time_us]),
            np.concatenate([self.codes, other.codes], axis=1),
            np.concatenate([self.ints, other.ints], axis=1),
            np.concatenate([self.ints_known, other.ints_known], axis=1),
            np.concatenate([self.floats, other.floats], axis=1),
            np.concatenate([self.floats_known, other.floats_known], axis=1),
            self.ids.followed_by(other.ids),
            self.texts,
        )
