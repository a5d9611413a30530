"""From message bytes to columns; each message that is no valid event becomes one dead letter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.appends import ANY_TIME_US, Appends
from fraudstream.events.batch import DeadLetter, EventBatch, Ids
from fraudstream.events.documents import DocumentDecoder
from fraudstream.events.interning import Interner
from fraudstream.events.mapping import Source
from fraudstream.events.schema import Schema
from fraudstream.events.wire_kernel import Columns, Wire, read_messages
from fraudstream.events.wire_plan import Planner, can_plan

_PADDING = bytes(8)


class Decoder:
    """Decodes messages by a schema and an optional field map; `texts` gives texts their codes.

    The kernel takes the usual messages, and leaves to the document decoder what is wrong or written in an
    unusual way; both give an event the same values. Maps with `join`, or a `zone` other than UTC, are read
    by the document decoder alone.
    """

    def __init__(self, schema: Schema, texts: Interner, mapping: Mapping[str, Source] | None = None) -> None:
        self.schema = schema
        self._texts = texts
        self._mapping = mapping
        self._documents = DocumentDecoder(schema, texts, mapping)
        self._usual = can_plan(schema, mapping)
        self._link()

    def _link(self) -> None:
        """Look up the codes of all words that the schema and the map name."""
        self._releases = self._texts.releases
        if self._usual:
            self._plan = Planner(self.schema, self._mapping, self._texts).plan()

    def decode(
        self, values: Sequence[bytes | None], appends: Appends | None = None
    ) -> tuple[EventBatch, list[DeadLetter]]:
        """Return the valid events as columns, and a dead letter for each other message, by row.

        Without the `appends` of the messages an event may have any time.
        """
        if not self._usual or not values:
            return self._documents.decode(values, appends)
        if self._releases != self._texts.releases:
            self._link()
        columns = self._read(values, appends)
        batch = self._batch(columns)
        if columns.taken.all():
            return batch, []
        return self._completed(batch, columns.taken, values, appends)

    def _read(self, values: Sequence[bytes | None], appends: Appends | None = None) -> Columns:
        texts = self._texts
        latest_us = np.full(len(values), ANY_TIME_US) if appends is None else appends.latest_us()
        wire = _joined(values, latest_us)
        columns = self._room(len(values), len(wire.buffer))
        done = read_messages(wire, self._plan, texts.state, columns, 0)
        while done < len(values):
            # A message brings at most one text per column, and no more bytes of text than it has itself.
            texts.make_room(len(self.schema.columns), int(wire.lengths[done]))
            done = read_messages(wire, self._plan, texts.state, columns, done)
        return columns

    def _room(self, events: int, length: int) -> Columns:
        texts, wholes, reals = len(self.schema.texts), len(self.schema.wholes), len(self.schema.reals)
        return Columns(
            taken=np.empty(events, np.bool_),
            time_us=np.empty(events, np.int64),
            codes=np.empty((texts, events), np.int32),
            ints=np.empty((wholes, events), np.int64),
            ints_known=np.empty((wholes, events), np.bool_),
            floats=np.empty((reals, events), np.float64),
            floats_known=np.empty((reals, events), np.bool_),
            id_data=np.empty(length, np.uint8),
            id_ends=np.empty(events, np.int64),
        )

    def _batch(self, columns: Columns) -> EventBatch:
        """Return all messages as events, those among them that were not taken with undefined values."""
        return EventBatch(
            self.schema,
            np.arange(len(columns.taken), dtype=np.int32),
            columns.time_us,
            columns.codes,
            columns.ints,
            columns.ints_known,
            columns.floats,
            columns.floats_known,
            Ids(columns.id_data[: columns.id_ends[-1]].copy(), columns.id_ends),
            self._texts,
        )

    def _completed(
        self,
        batch: EventBatch,
        taken: NDArray[np.bool_],
        values: Sequence[bytes | None],
        appends: Appends | None,
    ) -> tuple[EventBatch, list[DeadLetter]]:
        """Return the events that were taken and those that the document decoder makes of the others."""
        left = np.flatnonzero(~taken).astype(np.int32)
        others, dead = self._documents.decode(
            [values[row] for row in left.tolist()], appends and appends.take(left)
        )
        dead = [replace(letter, row=int(left[letter.row])) for letter in dead]
        kept = np.flatnonzero(taken)
        if not len(others):
            return batch.take(kept), dead
        both = batch.followed_by(replace(others, row=left[others.row]))
        index = np.concatenate([kept, np.arange(len(batch), len(both))])
        return both.take(index[np.argsort(both.row[index])]), dead


def _joined(values: Sequence[bytes | None], latest_us: NDArray[np.int64]) -> Wire:
    """Return messages end to end, as the kernel wants them; a missing one is as good as an empty one here."""
    try:
        joined = b"\0".join([*values, _PADDING])  # type: ignore[list-item]
    except TypeError:
        return _joined([value or b"" for value in values], latest_us)
    lengths = np.fromiter(map(len, values), np.int64, len(values))  # type: ignore[arg-type]
    return Wire(np.frombuffer(joined, np.uint8), lengths, latest_us)
