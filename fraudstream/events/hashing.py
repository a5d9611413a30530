"""Hashes of texts as they stand in a buffer, eight bytes at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import Integer, inlined
from fraudstream.events.machine import folded_multiply, load_word

# Odd numbers with as many ones as zeros, as wyhash (W. Yi) asks of the constants it multiplies by.
_SEED, _OTHER_SEED = np.uint64(0xA0761D6478BD642F), np.uint64(0x8EBC6AF09C88C6E3)
_FACTOR, _OTHER_FACTOR = np.uint64(0xE7037ED1A0B428DB), np.uint64(0x589965CC75374CC3)
_ALL_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)


@inlined
def word_at(buffer: NDArray[np.uint8], position: Integer, left: Integer) -> Integer:
    """Return the next 8 bytes of a text as uint64, zeros where fewer than 8 are `left` of it."""
    if left >= 8:
        return load_word(buffer, position)
    if position + 8 <= buffer.shape[0]:
        return load_word(buffer, position) & ~(_ALL_ONES << np.uint64(left * 8))
    word = np.uint64(0)
    for index in range(left):
        word |= np.uint64(buffer[position + index]) << np.uint64(index * 8)
    return word


@inlined
def text_hash(buffer: NDArray[np.uint8], position: Integer, length: Integer, scope: Integer) -> Integer:
    """Return a uint64 hash of `length` bytes; equal bytes in another `scope` have another hash."""
    mixed = folded_multiply(_SEED ^ np.uint64(scope), _OTHER_FACTOR ^ np.uint64(length))
    for offset in range(0, length, 8):
        mixed = folded_multiply(mixed ^ word_at(buffer, position + offset, length - offset), _FACTOR)
    return folded_multiply(mixed ^ _OTHER_SEED, _FACTOR)


@inlined
def other_hash(buffer: NDArray[np.uint8], position: Integer, length: Integer) -> Integer:
    """Return a second uint64 hash, with other constants, so that both together are 128 bits."""
    mixed = folded_multiply(_OTHER_SEED, _FACTOR ^ np.uint64(length))
    for offset in range(0, length, 8):
        mixed = folded_multiply(mixed ^ word_at(buffer, position + offset, length - offset), _OTHER_FACTOR)
    return folded_multiply(mixed ^ _SEED, _OTHER_FACTOR)
