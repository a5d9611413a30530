"""Arrays in messages: what comes out is what went in, and a foreign message is told apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fraudstream.events.packing import FORMAT, PackingError, narrow, pack, pack_bits, unpack, unpack_bits


def test_arrays_of_every_kind_come_back() -> None:
    """Shapes, types and the plain head survive, empty arrays too; what comes back can be written to."""
    arrays: dict[str, NDArray[Any]] = {
        "bytes": np.frombuffer(b"abc", np.uint8),
        "matrix": np.arange(12, dtype=np.int16).reshape(3, 4),
        "none": np.empty((0, 5)),
        "floats": np.array([0.1, np.inf]),
    }
    head, found = unpack(pack({"first": 7}, arrays))
    assert head == {"first": 7}
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)
        assert found[name].flags.writeable
        assert found[name].flags.aligned


@pytest.mark.parametrize(("most", "bytes_each"), [(127, 1), (128, 2), (2**15, 4), (2**31, 8)])
def test_numbers_take_the_bytes_that_the_largest_needs(most: int, bytes_each: int) -> None:
    """A matrix has one width, and keeps its values."""
    given = np.array([[most, -1], [0, 3]])
    assert narrow(given).itemsize == bytes_each
    assert np.array_equal(narrow(given), given)


def test_truths_travel_as_bits() -> None:
    """Rows whose length is no multiple of eight come back as long as they were."""
    given = np.array([[True, False, True] * 3, [False] * 9])
    assert np.array_equal(unpack_bits(pack_bits(given), 9), given)


@pytest.mark.parametrize("message", [b"", b"{}", b"\x05\0\0\0\0\0\0\0hello", b"\x02\0\0\0\0\0\0\0{}"])
def test_what_is_no_packed_message_is_told(message: bytes) -> None:
    """The remedy asks what else writes to the topic."""
    with pytest.raises(PackingError, match="does something else write to the topic"):
        unpack(message)


def test_another_version_is_told() -> None:
    """Workers of two versions must not read each other's messages by chance."""
    message = pack({}, {}).replace(b'"format":%d' % FORMAT, b'"format":9')
    with pytest.raises(PackingError, match=r"has format 9, this version reads 1: run one version"):
        unpack(message)
