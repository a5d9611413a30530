"""Texts as small integers, so that columns of identifiers and words are arrays of codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.text_table import (
    ALWAYS_US,
    CODES,
    LIVE,
    MISSING,
    NONE,
    NOW_US,
    SIZES,
    WORDS,
    Texts,
    codes_of,
    fill_table,
    release_before,
)

__all__ = ["MISSING", "Interner"]

_TEXTS_MIN = 1_024
_CODES_MAX = 2**31 - 1


def _free_table(slots: int) -> NDArray[np.uint64]:
    return np.full(slots, np.iinfo(np.uint64).max, np.uint64)


class Interner:
    """Gives each text a code; None and the empty text are MISSING.

    Feeds often write "" where they know nothing; two customers without an id are not one customer.
    Texts are compared byte by byte, and a code stands for its text until `release`, which hands the codes of
    texts that were not seen for long to new texts. At most 2**31 - 1 texts and 16 GiB of them are known at
    once. A text of 12 characters takes 45 to 90 bytes, everything counted.
    """

    def __init__(self) -> None:
        self.releases = 0
        """How often codes may have changed hands: what is remembered by code holds until the next time."""
        self._set(
            Texts(
                arena=np.zeros(2 * _TEXTS_MIN, np.uint64),
                start=np.zeros(_TEXTS_MIN, np.int32),
                length=np.zeros(_TEXTS_MIN, np.int32),
                seen_us=np.zeros(_TEXTS_MIN, np.int64),
                table=_free_table(2 * _TEXTS_MIN),
                released=np.full(SIZES, NONE, np.int32),
                counters=np.zeros(4, np.int64),
            )
        )

    def _set(self, state: Texts) -> None:
        self.state = state
        """The arrays, for kernels that intern by themselves; `make_room` replaces them."""
        self._bytes = state.arena.view(np.uint8)

    def __len__(self) -> int:
        return int(self.state.counters[LIVE])

    def __getitem__(self, text: str | None) -> int:
        return int(self.codes((text,))[0])

    def codes(self, texts: Sequence[str | None]) -> NDArray[np.int32]:
        """Return the codes [n] of n texts."""
        parts = [text.encode() if text else b"" for text in texts]
        ends = np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)))
        return self.enter(np.frombuffer(bytearray().join(parts), np.uint8), ends)

    def enter(self, buffer: NDArray[np.uint8], ends: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the codes [n] of n texts as UTF-8, end to end in a buffer."""
        codes = np.empty(len(ends), np.int32)
        done = codes_of(self.state, buffer, ends, codes, 0)
        while done < len(ends):
            self.make_room(len(ends) - done, int(ends[-1]))
            done = codes_of(self.state, buffer, ends, codes, done)
        return codes

    def text(self, code: int) -> str:
        """Return the text of a code."""
        start = int(self.state.start[code]) * 8
        return self._bytes[start : start + int(self.state.length[code])].tobytes().decode()

    def pin(self, text: str | None) -> int:
        """Return the code of a text that is never to be released, such as a word of a rule."""
        code = self[text]
        if code != MISSING:
            self.state.seen_us[code] = ALWAYS_US
        return code

    def advance(self, now_us: int) -> None:
        """Let texts count as seen at `now_us` from here on, unless a later time is set already."""
        counters = self.state.counters
        counters[NOW_US] = max(int(counters[NOW_US]), now_us)

    def see(self, codes: NDArray[np.int32]) -> None:
        """Let texts count as seen now: of any shape, MISSING among them."""
        seen_us, given = self.state.seen_us, codes[codes != MISSING]
        seen_us[given] = np.maximum(seen_us[given], self.state.counters[NOW_US])

    def release(self, before_us: int) -> int:
        """Forget the texts that were seen last before `before_us` and return how many.

        Their codes go to other texts: whoever keeps codes must have dropped those of that time.
        """
        self.releases += 1
        return int(release_before(self.state, self._bytes, before_us))

    @property
    def codes_max(self) -> int:
        """A bound that all codes are below until the next text is interned; it grows in large steps."""
        return len(self.state.start)

    @property
    def bytes(self) -> int:
        """How many bytes of memory the texts take, room for more included."""
        return sum(each.nbytes for each in self.state)

    def make_room(self, count: int, length: int) -> None:
        """Enlarge the arrays, by a half at least where they must grow, for texts of `length` bytes in all."""
        state, counters = self.state, self.state.counters
        if counters[CODES] + count > _CODES_MAX or counters[WORDS] + length // 8 + count > _CODES_MAX:
            raise OverflowError(f"{len(self)} texts are known, the most there can be: shorten the windows")
        codes = _size(len(state.start), int(counters[CODES]) + count)
        words = _size(len(state.arena), int(counters[WORDS]) + length // 8 + count)
        slots = len(state.table)
        while (int(counters[LIVE]) + count) * 3 > slots * 2:
            slots *= 2
        self._set(
            state._replace(
                arena=_grown(state.arena, words),
                start=_grown(state.start, codes),
                length=_grown(state.length, codes),
                seen_us=_grown(state.seen_us, codes),
            )
        )
        if slots > len(state.table):
            self._rebuild_table(slots)

    def _rebuild_table(self, slots: int) -> None:
        self._set(self.state._replace(table=_free_table(slots)))
        fill_table(self.state, self._bytes)

    def snapshot(self) -> dict[str, Any]:
        """Return copies of the arrays; the table is built anew from them."""
        state = self.state
        codes, words = int(state.counters[CODES]), int(state.counters[WORDS])
        return {
            "arena": state.arena[:words].copy(),
            "start": state.start[:codes].copy(),
            "length": state.length[:codes].copy(),
            "seen_us": state.seen_us[:codes].copy(),
            "released": state.released.copy(),
            "counters": state.counters.copy(),
        }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take over the texts and codes of a snapshot; codes given out before mean nothing any more."""
        self.releases += 1
        copies = {name: np.array(values) for name, values in snapshot.items()}
        self._set(Texts(table=_free_table(2 * _TEXTS_MIN), **copies))
        self.make_room(_TEXTS_MIN, 8 * _TEXTS_MIN)
        self._rebuild_table(len(self.state.table))


def _size(present: int, needed: int) -> int:
    return present if needed <= present else max(needed, present * 3 // 2)


def _grown(array: NDArray[Any], size: int) -> NDArray[Any]:
    if size == len(array):
        return array
    larger = np.zeros(size, array.dtype)
    larger[: len(array)] = array
    return larger
