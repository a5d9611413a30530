"""What a scorer has learned, as one file: a line, a header for people, and arrays; nothing in it can run.

    fraudstream model state, format 1, sha256 <of all that follows>
    {header, as indented JSON}
    <an empty line>
    <the bytes of all arrays in the header's order: zstd>

The checksum finds what was damaged on its way. It proves nothing of who wrote the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from math import prod
from typing import Annotated, Any, Literal

import numpy as np
import orjson
import zstandard
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from fraudstream.scorers.protocol import ScorerError, Snapshot

FORMAT = 1
STATE_BYTES_MAX = 64 * 1_048_576
"""Bound on a file, and on its arrays before they are compressed."""
_LEVEL = 9
_FIRST_LINE = re.compile(rb"fraudstream model state, format ([1-9]\d{0,8}), sha256 ([0-9a-f]{64})\n")
_END_OF_HEADER = b"\n\n"
"""Indented JSON has no empty line."""
_ANOTHER = "name a file that `fraudstream model export` has written"
_AGAIN = "export it again, or take an older one from version control"


class _Strict(BaseModel):
    """Unknown keys are refused, values are not bent into shape."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Lessons(_Strict):
    """How many events of either kind were learned from labels."""

    genuine: int = Field(ge=0)
    frauds: int = Field(ge=0)


class Header(_Strict):
    """Of which model a state is, what that model reads and is made of, and where the state comes from."""

    model: str
    events_scored: int = Field(ge=0)
    lessons: Lessons | None
    """Of a model that learns from labels."""
    estimator: dict[str, Any]
    scaler: str
    seed: int
    features: dict[str, Any]
    windows: dict[str, Any]
    ruleset: str
    """The version under which it was learned last."""
    fraudstream: str
    """The version that has written the file."""

    @property
    def kind(self) -> str:
        """The kind of its estimator."""
        return str(self.estimator.get("kind"))

    @property
    def made_of(self) -> dict[str, Any]:
        """What a model file must say alike, so that the state means the same to its model."""
        return self.model_dump(include={"estimator", "scaler", "seed", "features", "windows"})


class _Array(_Strict):
    dtype: Literal["|b1", "|i1", "|u1", "<i4", "<u4", "<i8", "<u8", "<f4", "<f8"]
    shape: Annotated[list[Annotated[int, Field(ge=0, le=STATE_BYTES_MAX)]], Field(max_length=8)]

    @property
    def bytes(self) -> int:
        """Its size."""
        return prod(self.shape) * np.dtype(self.dtype).itemsize


class _Whole(Header):
    """The header as it stands in the file."""

    texts: dict[str, str]
    arrays: dict[str, _Array]

    @property
    def bytes(self) -> int:
        """The size of all arrays."""
        return sum(array.bytes for array in self.arrays.values())


def refuse_pickles(kind: str) -> None:
    """Raise ScorerError where the state of an estimator of this kind holds a pickle."""
    if kind == "river":
        raise ScorerError(
            "is of an estimator of the kind river, whose state is a pickle, and a pickle can run code: it is "
            "neither exported nor imported; let the model learn anew, or use loda or half_space_trees"
        )


def pack(header: Header, snapshot: Snapshot) -> bytes:
    """Return a scorer's snapshot as a file; ScorerError where it cannot be one."""
    refuse_pickles(header.kind)
    texts = {name: part for name, part in snapshot.items() if isinstance(part, str)}
    arrays = {name: part for name, part in snapshot.items() if not isinstance(part, str)}
    plain = [_plain(array) for array in arrays.values()]
    shapes = {
        name: {"dtype": array.dtype.str, "shape": list(array.shape)}
        for name, array in zip(arrays, plain, strict=True)
    }
    whole = {**header.model_dump(), "texts": texts, "arrays": shapes}
    _refuse_large(sum(array.nbytes for array in plain))
    body = zstandard.ZstdCompressor(level=_LEVEL).compress(b"".join(array.tobytes() for array in plain))
    rest = orjson.dumps(whole, option=orjson.OPT_INDENT_2) + _END_OF_HEADER + body
    first = f"fraudstream model state, format {FORMAT}, sha256 {sha256(rest).hexdigest()}\n"
    content = first.encode() + rest
    _refuse_large(len(content))
    return content


def unpack(content: bytes) -> tuple[Header, Snapshot]:
    """Return what `pack` was given; ScorerError says what is wrong with the file, and the remedy."""
    _refuse_large(len(content))
    first = _FIRST_LINE.match(content)
    if first is None:
        raise ScorerError(f"is no exported model state: {_ANOTHER}")
    number, checksum = int(first[1]), first[2].decode()
    if number > FORMAT:
        remedy = "run the version that wrote it, or a newer one"
        raise ScorerError(f"has format {number}, this version reads up to {FORMAT}: {remedy}")
    rest = content[first.end() :]
    if sha256(rest).hexdigest() != checksum:
        raise ScorerError(f"does not have its checksum, so it is damaged: {_AGAIN}")
    try:
        return _parsed(rest)
    except (ValueError, zstandard.ZstdError) as error:
        if isinstance(error, ScorerError):
            raise
        # It has its checksum: so it was not damaged, but written by something else.
        raise ScorerError(f"contradicts itself: {_ANOTHER}") from error


def _parsed(rest: bytes) -> tuple[Header, Snapshot]:
    text, _, body = rest.partition(_END_OF_HEADER)
    whole = _Whole.model_validate(orjson.loads(text))
    refuse_pickles(whole.kind)
    _refuse_large(whole.bytes)
    # Asked first: a false length would have all memory reserved.
    if zstandard.frame_content_size(body) != whole.bytes:
        raise ValueError("the arrays do not have the length that the header says")
    plain = zstandard.ZstdDecompressor().decompress(body, allow_extra_data=False)
    header = Header.model_validate(whole.model_dump(exclude={"texts", "arrays"}))
    return header, {**whole.texts, **_arrays(whole.arrays, plain)}


def _arrays(shapes: Mapping[str, _Array], plain: bytes) -> dict[str, NDArray[Any]]:
    arrays = {}
    at = 0
    for name, each in shapes.items():
        part = np.frombuffer(plain[at : at + each.bytes], each.dtype)
        # All of them are counts or places. One row after -1 rows, say, a mean would divide by zero.
        if part.dtype.kind == "i" and np.any(part < 0):
            raise ValueError(f"{name} has a whole number below 0")
        arrays[name] = part.reshape(each.shape).astype(part.dtype.newbyteorder("="))
        at += each.bytes
    return arrays


def _plain(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array as every machine reads it."""
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<"))


def _refuse_large(size: int) -> None:
    if size > STATE_BYTES_MAX:
        remedy = "make the estimator smaller, or let the model learn anew"
        raise ScorerError(f"takes {size} bytes, at most {STATE_BYTES_MAX} are kept in a file: {remedy}")
