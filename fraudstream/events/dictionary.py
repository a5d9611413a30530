"""Codes of one interner as codes of a small dictionary that travels with them, and back in another."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.interning import Interner
from fraudstream.events.jit import kernel
from fraudstream.events.text_table import Texts


class Worded(NamedTuple):
    """Numbers of words, of any shape, MISSING among them, and the words as UTF-8, end to end."""

    numbers: NDArray[np.int32]
    data: NDArray[np.uint8]
    ends: NDArray[np.int64]


class Dictionary:
    """Writes small dictionaries of the texts of one interner."""

    def __init__(self, interner: Interner) -> None:
        self._interner = interner
        self._numbers = np.empty(0, np.int32)
        """By code, all NONE between two calls."""

    def write(self, codes: NDArray[np.int32]) -> Worded:
        """Return codes as numbers of a dictionary of their own, by first occurrence."""
        texts = self._interner.state
        if len(self._numbers) < len(texts.start):
            self._numbers = np.full(len(texts.start), _NONE, np.int32)
        flat = np.ascontiguousarray(codes).ravel()
        numbers, used = _numbered(flat, self._numbers)
        data, ends = _texts_of(texts, texts.arena.view(np.uint8), used)
        return Worded(numbers.reshape(codes.shape), data, ends)


def read(worded: Worded, interner: Interner) -> NDArray[np.int32]:
    """Return the codes that the words have in an interner, which learns those that it does not know."""
    # Behind the last stands MISSING, which is what the number -1 names.
    codes = np.append(interner.enter(worded.data, worded.ends), _NONE).astype(np.int32)
    found: NDArray[np.int32] = codes[worded.numbers]
    return found


_NONE = np.int32(-1)


@kernel
def _numbered(
    codes: NDArray[np.int32], numbers: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    found = np.empty(len(codes), np.int32)
    used = np.empty(len(codes), np.int32)
    count = 0
    for index, code in enumerate(codes):
        if code < 0:
            found[index] = _NONE
            continue
        if numbers[code] == _NONE:
            numbers[code] = count
            used[count] = code
            count += 1
        found[index] = numbers[code]
    for code in used[:count]:
        numbers[code] = _NONE
    return found, used[:count].copy()


@kernel
def _texts_of(
    texts: Texts, arena: NDArray[np.uint8], codes: NDArray[np.int32]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    ends = np.empty(len(codes), np.int64)
    end = np.int64(0)
    for index, code in enumerate(codes):
        end += texts.length[code]
        ends[index] = end
    data = np.empty(end, np.uint8)
    at = np.int64(0)
    for code in codes:
        start = np.int64(texts.start[code]) * 8
        for place in range(start, start + texts.length[code]):
            data[at] = arena[place]
            at += 1
    return data, ends
