"""Which partition keeps an entity: a hash of the texts of its key, the same in every process."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.batch import EventBatch
from fraudstream.events.hashing import text_hash
from fraudstream.events.interning import MISSING
from fraudstream.events.jit import kernel
from fraudstream.events.machine import folded_multiply
from fraudstream.events.text_table import Texts
from fraudstream.features.plan import KEY_COLUMNS_MAX, NIL

NOWHERE = -1
"""The partition of an event that lacks a column of the key."""
_FACTOR = np.uint64(0xE7037ED1A0B428DB)

Columns = tuple[str, ...]


class Routes:
    """The partitions [k, n] of n events under k keys, each a list of columns."""

    def __init__(self, batch: EventBatch, keys: Sequence[Columns], partitions: int) -> None:
        table = np.full((len(keys), KEY_COLUMNS_MAX), NIL, np.int64)
        for row, key in zip(table, keys, strict=True):
            row[: len(key)] = [batch.schema.row_of[name] for name in key]
        texts = batch.texts.state
        self._rows = {key: row for row, key in enumerate(keys)}
        self.partitions = np.empty((len(keys), len(batch)), np.int16)
        _route(texts, texts.arena.view(np.uint8), batch.codes, table, partitions, self.partitions)

    def of(self, key: Columns) -> NDArray[np.int16]:
        """Return the partition of each event under a key, NOWHERE where it lacks a column.

        What only rules that are gone counted under a key is sent nowhere any more.
        """
        if key not in self._rows:
            return np.full(self.partitions.shape[1], NOWHERE, np.int16)
        found: NDArray[np.int16] = self.partitions[self._rows[key]]
        return found

    def events_for(self, partition: int) -> NDArray[np.intp]:
        """Return the events that concern a partition under some key."""
        return np.flatnonzero((self.partitions == partition).any(axis=0))


class PartitionGate:
    """Lets events pass under the keys of the entities that one partition keeps."""

    def __init__(self, routes: Routes, partition: int) -> None:
        self._routes = routes
        self._partition = partition

    def here(self, key: Columns) -> NDArray[np.bool_]:
        """Return where an event's entity under a key is kept here."""
        found: NDArray[np.bool_] = self._routes.of(key) == self._partition
        return found

    def through(self, batch: EventBatch, gates: Sequence[Columns]) -> NDArray[np.int32]:
        """Return the batch's codes, and behind them those of each list of columns that may pass."""
        passing = [
            np.where(self.here(columns), batch.codes[batch.schema.row_of[name]], np.int32(MISSING))
            for columns in gates
            for name in columns
        ]
        return np.concatenate([batch.codes, passing]) if passing else batch.codes


@kernel
def _route(
    texts: Texts,
    arena: NDArray[np.uint8],
    codes: NDArray[np.int32],
    keys: NDArray[np.int64],
    partitions: int,
    found: NDArray[np.int16],
) -> None:
    for key in range(keys.shape[0]):
        for event in range(codes.shape[1]):
            mixed = np.uint64(0)
            complete = True
            for place in range(keys.shape[1]):
                if keys[key, place] == NIL:
                    break
                code = codes[keys[key, place], event]
                if code == MISSING:
                    complete = False
                    break
                start = np.int64(texts.start[code]) * 8
                hashed = text_hash(arena, start, np.int64(texts.length[code]), place)
                mixed = folded_multiply(mixed ^ hashed, _FACTOR)
            # The upper bits: tables of entities use the lower ones.
            bucket = (mixed >> np.uint64(32)) % np.uint64(partitions)
            found[key, event] = np.int16(bucket) if complete else np.int16(NOWHERE)
