"""What the past lacks: messages that were gone before they could be folded, or folded again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Gap(NamedTuple):
    """Between which watermarks events are missing, in microseconds; NEVER_US: nothing came before."""

    from_us: int
    to_us: int


def widest(*gaps: Gap | None) -> Gap | None:
    """Return what holds all of some gaps, None where there is none."""
    known = [gap for gap in gaps if gap is not None]
    if not known:
        return None
    return Gap(min(gap.from_us for gap in known), max(gap.to_us for gap in known))


class Past:
    """Remembers where messages were missing; without a gap it costs nothing."""

    def __init__(self) -> None:
        self.gap: Gap | None = None
        self._is_open = False

    def miss(self) -> None:
        """Take note that messages are missing between the events so far and the next one."""
        self._is_open = True

    def follow(self, before_us: int, time_us: NDArray[np.int64]) -> Gap | None:
        """Return what is missing before a batch of at least one event; `before_us` is the watermark then.

        A gap ends where the next event leaves the watermark.
        """
        if self._is_open:
            self._is_open = False
            self.gap = widest(self.gap, Gap(before_us, max(before_us, int(time_us[0]))))
        return self.gap

    def snapshot(self) -> dict[str, int | bool]:
        """Return the whole state."""
        if self.gap is None:
            return {"is_open": self._is_open}
        return {"is_open": self._is_open, **self.gap._asdict()}

    def restore(self, state: Mapping[str, int | bool]) -> None:
        """Go on from a snapshot."""
        self._is_open = bool(state["is_open"])
        self.gap = Gap(int(state["from_us"]), int(state["to_us"])) if "from_us" in state else None
