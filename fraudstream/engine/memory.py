"""Which texts may be forgotten: those that no window, sketch or entity can name any more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.watermark import NEVER_US
from fraudstream.events.appends import HOUR_US
from fraudstream.events.interning import Interner
from fraudstream.features.catalogue import DAY_US

SLACK_US = HOUR_US
"""A text counts as seen at the watermark before its batch; its event may be later by as much as this."""


class Rounds(Protocol):
    """Whatever remembers entities by the codes of their texts."""

    @property
    def memory_us(self) -> int:
        """How long after its event a text code may still be named."""

    @property
    def round_started_us(self) -> int:
        """The watermark by which all entities that were idle for good are forgotten."""


class Forgetful(NamedTuple):
    """The rounds of whoever remembers no code beyond a batch: one with each day of the watermark."""

    watermark_us: int
    memory_us: int = 0

    @property
    def round_started_us(self) -> int:
        """The day that the watermark has reached."""
        return self.watermark_us // DAY_US * DAY_US


class TextMemory:
    """Dates the texts of every batch, and lets go of the old ones after each round of the feature store."""

    def __init__(self, interner: Interner) -> None:
        self._interner = interner
        self._dated_us = NEVER_US
        self._round_us = NEVER_US
        self._held_for: ref[object] | None = None

    def seen(self, codes: NDArray[np.int32], watermark_us: int) -> None:
        """Take note of a decoded batch: `codes` [texts, n], and the watermark with it included."""
        if watermark_us <= self._dated_us:
            return
        leap = watermark_us - self._dated_us > SLACK_US
        self._interner.advance(watermark_us)
        self._dated_us = watermark_us
        if leap:
            # The batch itself was dated by the watermark before it, too long ago.
            self._interner.see(codes)

    def hold(self, reader: object | None) -> None:
        """Forget no text as long as somebody uses this object, which may name codes that nobody else does."""
        self._held_for = None if reader is None else ref(reader)

    def forget(self, features: Rounds) -> None:
        """Release what is older than all that the features can still name, once per round of theirs."""
        round_us = features.round_started_us
        if round_us == self._round_us or (self._held_for is not None and self._held_for() is not None):
            return
        self._round_us = round_us
        if round_us > NEVER_US:
            self._interner.release(round_us - features.memory_us - SLACK_US)

    def snapshot(self) -> dict[str, int]:
        """Return the whole state."""
        return {"dated_us": self._dated_us, "round_us": self._round_us}

    def restore(self, state: Mapping[str, int]) -> None:
        """Go on from a snapshot."""
        self._dated_us, self._round_us = state["dated_us"], state["round_us"]
