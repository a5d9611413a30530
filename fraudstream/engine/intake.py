"""What comes in: messages become events, those that were there before are dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from fraudstream.engine.duplicates import Duplicates, Horizon
from fraudstream.events.appends import Appends
from fraudstream.events.batch import DeadLetter, EventBatch
from fraudstream.events.decode import Decoder
from fraudstream.events.interning import Interner
from fraudstream.events.mapping import Source
from fraudstream.events.schema import Schema


class Taken(NamedTuple):
    """The new events of a batch of messages, those that are none, and how many were there before."""

    batch: EventBatch
    dead_letters: list[DeadLetter]
    duplicates: int


class Intake:
    """Decodes messages, and remembers the ids that it has accepted."""

    def __init__(
        self, schema: Schema, interner: Interner, mapping: Mapping[str, Source] | None, horizon: Horizon
    ) -> None:
        self._decoder = Decoder(schema, interner, mapping)
        self._duplicates = Duplicates(horizon)

    def take(self, values: Sequence[bytes | None], appends: Appends | None) -> Taken:
        """Return what is new in a batch of messages."""
        decoded, dead = self._decoder.decode(values, appends)
        fresh = self._duplicates.first_seen(decoded.ids, decoded.time_us)
        batch = decoded if fresh.all() else decoded.take(np.flatnonzero(fresh))
        return Taken(batch, dead, len(decoded) - len(batch))

    @property
    def bytes(self) -> int:
        """How many bytes of memory the ids take."""
        return self._duplicates.bytes

    def snapshot(self) -> dict[str, Any]:
        """Return what is remembered."""
        return self._duplicates.snapshot()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot."""
        self._duplicates.restore(state)
