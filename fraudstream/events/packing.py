"""Arrays in one message: a short head as JSON that names them, then their bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

FORMAT = 1
_ALIGNED = 8
_LENGTH_BYTES = 8
_WIDTHS = (np.int8, np.int16, np.int32)


class PackingError(ValueError):
    """A message that holds no arrays, or that another version packed: why, and the remedy."""


def pack(head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return a message of plain data and of arrays of any shape and plain type."""
    named = [(name, array.dtype.str, array.shape) for name, array in arrays.items()]
    described = orjson.dumps({"format": FORMAT, "head": head, "arrays": named})
    parts = [len(described).to_bytes(_LENGTH_BYTES, "little"), _padded(described)]
    # Aligned, so that a kernel takes them as they lie there.
    parts += [_padded(array.tobytes()) for array in arrays.values()]
    return b"".join(parts)


def unpack(message: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return the head and the arrays of a message, which can be written to; PackingError where it is none."""
    try:
        length = int.from_bytes(message[:_LENGTH_BYTES], "little")
        described = orjson.loads(message[_LENGTH_BYTES : _LENGTH_BYTES + length])
        if described["format"] != FORMAT:
            raise PackingError(
                f"the message has format {described['format']!r}, this version reads {FORMAT}: "
                "run one version in all workers"
            )
        head: dict[str, Any] = described["head"]
        return head, _arrays(bytearray(message), _LENGTH_BYTES + _room(length), described["arrays"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, PackingError):
            raise
        message_ = f"this is no packed message ({error!r}): does something else write to the topic?"
        raise PackingError(message_) from None


def _arrays(data: bytearray, at: int, named: list[tuple[str, str, list[int]]]) -> dict[str, NDArray[Any]]:
    arrays = {}
    for name, dtype, shape in named:
        kind = np.dtype(dtype)
        count = int(np.prod(shape))
        arrays[name] = np.frombuffer(data, kind, count, at).reshape(shape)
        at += _room(count * kind.itemsize)
    return arrays


def narrow(array: NDArray[np.signedinteger[Any]]) -> NDArray[Any]:
    """Return whole numbers in as few bytes each as the largest of them needs."""
    if not array.size:
        return array.astype(np.int8)
    least, most = int(array.min()), int(array.max())
    for width in _WIDTHS:
        limits = np.iinfo(width)
        if limits.min <= least and most <= limits.max:
            return array.astype(width)
    return array


def pack_bits(truths: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return truths [k, n] as bits [k, (n + 7) // 8]."""
    return np.packbits(truths, axis=1)


def unpack_bits(bits: NDArray[np.uint8], count: int) -> NDArray[np.bool_]:
    """Return what `pack_bits` was given, where n was `count`."""
    return np.unpackbits(bits, axis=1, count=count).view(np.bool_)


def _room(length: int) -> int:
    return -(-length // _ALIGNED) * _ALIGNED


def _padded(data: bytes) -> bytes:
    return data.ljust(_room(len(data)), b"\0")
