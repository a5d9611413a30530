"""Writes streams of bytes as chunks, each of them once, and reads them back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fraudstream.stores.checkpoints.errors import DamagedError
from fraudstream.stores.checkpoints.files import Files
from fraudstream.stores.checkpoints.sealing import Seal

FOLDER = "chunks"
CHUNK_BYTES = 1 << 20
TURNS = 16
"""A chunk that is not written again is read in one of so many saves, by the first digit of its name: what a
medium has lost is found and written anew."""
_BATCH = 16
"""Files on their way at once: object stores answer slowly, but to many."""

Stream = list[Any]
"""A stream as a manifest names it: its length in bytes, then the names of its chunks."""


class ChunkWriter:
    """Writes chunks into the folder of one writer; those that are known to be there are not written again."""

    def __init__(self, files: Files, seal: Seal, home: str, known: Mapping[str, int], turn: int) -> None:
        self._files = files
        self._seal = seal
        self._folder = f"{FOLDER}/{home}"
        self._known = known
        self._turn = f"{turn % TURNS:x}"
        self._waiting: dict[str, bytes] = {}
        self.sizes: dict[str, int] = {}
        """Every chunk of the streams so far, with its size in the store."""
        self.written_bytes = 0
        self.new = 0

    def write(self, stream: memoryview) -> Stream:
        """Write what is new of a stream; it is there only after `finish`."""
        return [len(stream), *(self._chunk(piece) for piece in _pieces(stream))]

    def finish(self) -> None:
        """Return when all chunks are there and outlive a loss of power."""
        self._flush()
        if self.new:
            self._files.settle(self._folder)
            self._files.settle(FOLDER)

    def _chunk(self, piece: memoryview) -> str:
        name = self._seal.name(piece)
        if name not in self.sizes:
            there = name in self._known and self._is_sound(name, len(piece))
            self.sizes[name] = self._known[name] if there else self._put(name, piece)
        return name

    def _is_sound(self, name: str, length: int) -> bool:
        if not name.startswith(self._turn):
            return True
        try:
            (kept,) = self._files.read([f"{self._folder}/{name}"])
            self._seal.open_chunk(kept, name, length)
        except DamagedError:
            return False
        return True

    def _put(self, name: str, piece: memoryview) -> int:
        kept = self._seal.close_chunk(piece, name)
        self._waiting[f"{self._folder}/{name}"] = kept
        self.written_bytes += len(kept)
        self.new += 1
        if len(self._waiting) == _BATCH:
            self._flush()
        return len(kept)

    def _flush(self) -> None:
        if self._waiting:
            self._files.write(self._waiting)
            self._waiting = {}


def read_stream(files: Files, seal: Seal, home: str, stream: Stream) -> bytearray:
    """Return the bytes of a stream; DamagedError where a chunk is missing or not what was written."""
    length, *names = stream
    if len(names) != -(-length // CHUNK_BYTES):
        raise DamagedError("a stream does not have as many chunks as its length needs")
    found = bytearray(length)
    for first in range(0, len(names), _BATCH):
        batch = names[first : first + _BATCH]
        kept = files.read([f"{FOLDER}/{home}/{name}" for name in batch])
        _fill(found, first * CHUNK_BYTES, seal, batch, kept)
    return found


def _fill(found: bytearray, at: int, seal: Seal, names: Sequence[str], kept: Sequence[bytes]) -> None:
    for name, each in zip(names, kept, strict=True):
        end = min(at + CHUNK_BYTES, len(found))
        found[at:end] = seal.open_chunk(each, name, end - at)
        at = end


def _pieces(stream: memoryview) -> Iterator[memoryview]:
    return (stream[at : at + CHUNK_BYTES] for at in range(0, len(stream), CHUNK_BYTES))
