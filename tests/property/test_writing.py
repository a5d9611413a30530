"""Values written by kernels are what Python writes, to the byte."""

from __future__ import annotations

import numpy as np
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fraudstream.events.jit import kernel
from fraudstream.events.money import decimal_text, format_minor
from fraudstream.events.times import TIME_US_MAX, format_time
from fraudstream.events.writing import put_decimal, put_in_json, put_time

_INT64 = st.integers(-(2**63), 2**63 - 1)
_CURRENCIES = {"JPY": 0, "USD": 2, "TND": 3, "UYW": 4}


@kernel
def _decimal(value: int, exponent: int, grouped: bool, out: NDArray[np.uint8]) -> int:
    return int(put_decimal(out, 0, value, exponent, grouped))


@kernel
def _time(time_us: int, out: NDArray[np.uint8]) -> int:
    return int(put_time(out, 0, time_us))


@kernel
def _in_json(text: NDArray[np.uint8], out: NDArray[np.uint8]) -> int:
    at = 0
    for byte in text:
        at = put_in_json(out, at, np.int64(byte))
    return at


@settings(deadline=None)
@given(_INT64, st.sampled_from(sorted(_CURRENCIES)))
def test_amounts(minor: int, currency: str) -> None:
    """An amount is written in major units, plainly and with its thousands apart."""
    out, exponent = np.empty(64, np.uint8), _CURRENCIES[currency]
    plain = out[: _decimal(minor, exponent, False, out)].tobytes().decode()
    assert plain == decimal_text(minor, currency)
    grouped = out[: _decimal(minor, exponent, True, out)].tobytes().decode()
    assert f"{grouped} {currency}" == format_minor(minor, currency)


@settings(deadline=None)
@given(st.integers(0, TIME_US_MAX) | st.integers(0, TIME_US_MAX // 1000).map(lambda ms: ms * 1000))
def test_times(time_us: int) -> None:
    """A time is written in UTC, with as much of a fraction as there is."""
    out = np.empty(64, np.uint8)
    assert out[: _time(time_us, out)].tobytes().decode() == format_time(time_us)


@settings(deadline=None)
@given(st.text())
def test_texts(text: str) -> None:
    """A text is escaped as JSON wants it, and no more than that."""
    out = np.empty(6 * len(text.encode()) + 1, np.uint8)
    data = np.frombuffer(text.encode() or b"", np.uint8)
    assert out[: _in_json(data, out)].tobytes() == orjson.dumps(text)[1:-1]


def test_a_buffer_that_is_too_short() -> None:
    """Beyond its end nothing is written, and the length that it should have is told."""
    out = np.zeros(8, np.uint8)
    assert _decimal(1_234_567, 2, True, out[:4]) == len("12,345.67")
    assert out[4:].tolist() == [0] * 4
