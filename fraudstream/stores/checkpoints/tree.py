"""Takes a snapshot apart into a JSON tree and streams of bytes, and puts it together again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.stores.checkpoints.errors import CheckpointError

PACKED_BELOW_BYTES = 1 << 16
"""Smaller leaves share the first stream, so that they do not cost a file each."""
_REMEDY = "hand over nested mappings of arrays, bytes, text, numbers, booleans, None and lists of those"

Json = Any


class Apart(NamedTuple):
    """A snapshot as JSON, and the bytes that it names as [stream, offset, length]."""

    tree: Json
    streams: list[memoryview]


def take_apart(snapshot: Mapping[str, Any]) -> Apart:
    """Return a snapshot as a tree and streams, which are views of its arrays; CheckpointError where unfit."""
    packed = bytearray()
    streams = [memoryview(b"")]
    tree = _node(snapshot, "snapshot", packed, streams)
    streams[0] = memoryview(packed)
    return Apart(tree, streams)


def put_together(tree: Json, streams: Sequence[bytearray]) -> Any:
    """Return what `take_apart` was given; big arrays take over the memory of their stream."""
    if not isinstance(tree, dict):
        return tree
    ((kind, value),) = tree.items()
    match kind:
        case "map":
            return {key: put_together(each, streams) for key, each in value.items()}
        case "list":
            return [put_together(each, streams) for each in value]
        case "int":
            return int(value)
        case "float":
            return float.fromhex(value)
        case "bytes":
            return bytes(_found(value, streams))
        case "array":
            return _array(value, streams)
    raise ValueError(f"a node of kind {kind!r}")


def _node(value: Any, path: str, packed: bytearray, streams: list[memoryview]) -> Json:
    match value:
        case Mapping():
            return {
                "map": {_key(key, path): _node(value[key], f"{path}.{key}", packed, streams) for key in value}
            }
        case list():
            return {"list": [_node(each, f"{path}[{n}]", packed, streams) for n, each in enumerate(value)]}
        case np.ndarray():
            descr = _descr(value.dtype, path)
            return {"array": [descr, list(value.shape), _placed(_bytes_of(value), packed, streams)]}
        case bytes():
            return {"bytes": _placed(memoryview(value), packed, streams)}
    return _scalar(value, path)


def _scalar(value: Any, path: str) -> Json:
    match value:
        case None | bool() | str():
            return value
        case int():
            # JSON of 64 bits would refuse larger ones.
            return value if -(1 << 63) <= value < 1 << 63 else {"int": str(value)}
        case float():
            # To the last bit, and also what JSON has no words for.
            return {"float": value.hex()}
    raise CheckpointError(f"a {type(value).__name__} cannot be kept", path, _REMEDY)


def _key(key: Any, path: str) -> str:
    if not isinstance(key, str):
        raise CheckpointError(f"the key {key!r} is no text", path, _REMEDY)
    return key


def _descr(dtype: np.dtype[Any], path: str) -> Json:
    if dtype.hasobject:
        raise CheckpointError("an array of objects cannot be kept", path, _REMEDY)
    return np.lib.format.dtype_to_descr(dtype)


def _bytes_of(array: NDArray[Any]) -> memoryview:
    if not array.nbytes:
        return memoryview(b"")
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def _placed(data: memoryview, packed: bytearray, streams: list[memoryview]) -> list[int]:
    """Return where the bytes stand: stream, offset and length."""
    if len(data) >= PACKED_BELOW_BYTES:
        streams.append(data)
        return [len(streams) - 1, 0, len(data)]
    packed += data
    return [0, len(packed) - len(data), len(data)]


def _found(place: Sequence[int], streams: Sequence[bytearray]) -> memoryview:
    stream, offset, length = place
    found = memoryview(streams[stream])[offset : offset + length]
    if len(found) != length:
        raise ValueError("a place outside its stream")
    return found


def _array(value: Sequence[Any], streams: Sequence[bytearray]) -> NDArray[Any]:
    descr, shape, place = value
    dtype = np.lib.format.descr_to_dtype(_tuples(descr))
    array: NDArray[Any] = np.ndarray(shape, dtype, _found(place, streams))
    # Packed ones would keep all others in memory, and stand where no word should begin.
    return array.copy() if place[0] == 0 else array


def _tuples(descr: Json) -> Any:
    """Return the description of an array's type as numpy wants it; JSON has no tuples."""
    if isinstance(descr, str):
        return descr
    # A field has a name or [title, name], then its own type, and a shape where it is an array.
    return [
        (name if isinstance(name, str) else tuple(name), _tuples(own), *map(tuple, shape))
        for name, own, *shape in descr
    ]
