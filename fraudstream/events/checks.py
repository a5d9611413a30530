"""Turns raw JSON values into typed columns, whole columns at a time; what fails is rejected by row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.events import times
from fraudstream.events.batch import Numbers
from fraudstream.events.card_numbers import masked
from fraudstream.events.money import EXPONENTS, minor_from_numbers, minor_from_text
from fraudstream.events.schema import Column, ColumnType

_NONE = type(None)


class Rejections(dict[int, tuple[str, str, str]]):
    """Index in the batch -> (reason, stage, detail); the first fault found of an event stands.

    Details quote at most so many characters of a value; with 0 they say of what kind it is.
    """

    def __init__(self, quote_chars_max: int) -> None:
        super().__init__()
        self._quote_chars_max = quote_chars_max

    def add(self, index: int, reason: str, detail: str) -> None:
        """Reject one event."""
        self.setdefault(index, (reason, "validate", detail))

    def shown(self, value: object) -> str:
        """Return a value as a detail shows it, the card numbers in it masked."""
        return masked(repr(value))[: self._quote_chars_max] if self._quote_chars_max else _kind(value)

    def bad_time(self, index: int, name: str, value: object, error: Exception) -> None:
        """Reject an event whose time cannot be read; the error may quote it."""
        why = masked(str(error)) if self._quote_chars_max else f"{_kind(value)} that is no ISO 8601 time"
        self.add(index, "bad_time", f"{name}: {why}")

    def missing(self, name: str, indexes: Iterable[int]) -> None:
        """Reject events that lack a required field."""
        for index in indexes:
            self.add(index, "missing_field", f"{name}: the field is required and has no value")


def read_text(
    column: Column, raw: list[Any], chars_max: int | None, rejections: Rejections
) -> Sequence[str | None]:
    """Return texts or None; `chars_max` None says that no text of the batch can be too long."""
    types = set(map(type, raw))
    if not types <= {str, _NONE}:
        for index, value in enumerate(raw):
            if type(value) is not str and value is not None:
                rejections.add(
                    index, "wrong_type", f"{column.name}: must be text, not {rejections.shown(value)}"
                )
                raw[index] = None
    if column.required and (_NONE in types or "" in raw):
        rejections.missing(column.name, (index for index, value in enumerate(raw) if not value))
    if chars_max is not None:
        for index, value in enumerate(raw):
            if value is not None and len(value) > chars_max:
                detail = f"{column.name}: {len(value)} characters, at most {chars_max} are taken"
                rejections.add(index, "text_too_long", detail)
    allowed = EXPONENTS.keys() if column.name == "currency" else column.choices
    if allowed is not None and not (words := set(raw) - {None}) <= allowed:
        reason = f"unknown_{column.name}"
        for index, value in enumerate(raw):
            if value in words and value not in allowed:
                rejections.add(
                    index, reason, f"{column.name}: {rejections.shown(value)} is unknown; {_known(column)}"
                )
    return raw


def _known(column: Column) -> str:
    if column.choices is None:
        return "use an ISO 4217 code in capitals"
    return f"known are {', '.join(sorted(column.choices))}"


def _kind(value: object) -> str:
    """Say what a value is without saying it."""
    if type(value) is str:
        return f"a text of {len(value)} characters"
    names = {bool: "a boolean", list: "an array", dict: "an object"}
    return names.get(type(value), "a number")


def read_times(column: Column, raw: list[Any], zone: str | None, rejections: Rejections) -> NDArray[np.int64]:
    """Return microseconds since 1970; texts in the usual form are parsed all at once."""
    texts = [value if type(value) is str else "" for value in raw]
    out = times.parse_times(texts)
    for index in np.flatnonzero(out < 0).tolist():
        value = raw[index]
        if value is None:
            rejections.missing(column.name, (index,))
            continue
        try:
            out[index] = _one_time(value, zone, rejections)
        except (ValueError, OverflowError) as error:
            rejections.bad_time(index, column.name, value, error)
    for index in np.flatnonzero((out >= times.TIME_US_MAX) | (out < times.TIME_US_MIN)).tolist():
        rejections.add(
            index, "bad_time", f"{column.name}: {rejections.shown(raw[index])} lies outside 1970 to 2199"
        )
        out[index] = 0
    return out


def _one_time(value: object, zone: str | None, rejections: Rejections) -> int:
    if type(value) is str:
        return times.parse_time(value, zone)
    if type(value) is int and 0 <= value < times.TIME_US_MAX // 1000:
        return value * 1000
    shown = rejections.shown(value)
    raise ValueError(f"{shown} is neither ISO 8601 text nor epoch milliseconds within 1970 to 2199")


def read_numbers(column: Column, raw: list[Any], rejections: Rejections) -> Numbers:
    """Return numbers inside the column's bounds: float64, or int64 for an integer column."""
    integer = column.type is ColumnType.INTEGER
    allowed = {int, _NONE} if integer else {int, float, _NONE}
    if not set(map(type, raw)) <= allowed:
        for index, value in enumerate(raw):
            if type(value) not in allowed:
                kind = "a whole number" if integer else "a number"
                rejections.add(
                    index, "wrong_type", f"{column.name}: must be {kind}, not {rejections.shown(value)}"
                )
                raw[index] = None
    present = np.array([value is not None for value in raw], dtype=np.bool_)
    values = np.array([0.0 if value is None else value for value in raw], dtype=np.float64)
    low = -(2.0**53) if column.minimum is None else column.minimum
    high = 2.0**53 if column.maximum is None else column.maximum
    for index in np.flatnonzero(present & ~((values >= low) & (values <= high))).tolist():
        detail = f"{column.name}: {rejections.shown(raw[index])} lies outside {low:g} to {high:g}"
        rejections.add(index, "out_of_bounds", detail)
        values[index] = 0.0
    return Numbers(values.astype(np.int64) if integer else values, present)


def read_amounts(
    raw: list[Any], currencies: Sequence[str | None], minor_max: int, rejections: Rejections
) -> Numbers:
    """Return amounts in minor units of each event's own currency."""
    types = set(map(type, raw))
    if not types <= {int, float, str, _NONE}:
        for index, value in enumerate(raw):
            if type(value) not in (int, float, str, _NONE):
                rejections.add(
                    index, "wrong_type", f"amount: must be a number, not {rejections.shown(value)}"
                )
                raw[index] = None
    present = np.array([value is not None for value in raw], dtype=np.bool_)
    for index in np.flatnonzero(present).tolist() if None in currencies else ():
        if currencies[index] is None:
            rejections.missing("currency", (index,))
    factors = np.fromiter(map(_FACTORS.get, currencies, repeat(1.0)), np.float64, len(raw))
    numbers = (
        raw if types <= {int, float} else [value if type(value) in (int, float) else 0.0 for value in raw]
    )
    minor, excess = minor_from_numbers(_clipped(numbers, minor_max), factors)
    for index in np.flatnonzero(excess).tolist():
        rejections.add(index, "bad_amount", _too_fine(rejections.shown(raw[index]), currencies[index]))
    if str in types:
        _read_decimal_text(raw, currencies, minor, minor_max, rejections)
    for index in np.flatnonzero(minor < 0).tolist():
        rejections.add(
            index, "negative_amount", f"amount: {rejections.shown(raw[index])} is negative: send its size"
        )
    for index in np.flatnonzero(minor > minor_max).tolist():
        rejections.add(
            index, "absurd_amount", f"amount: {rejections.shown(raw[index])} exceeds {minor_max} minor units"
        )
    return Numbers(minor, present)


_FACTORS: dict[str | None, float] = {code: 10.0**exponent for code, exponent in EXPONENTS.items()}


def _clipped(numbers: list[Any], minor_max: int) -> NDArray[np.float64]:
    # Clipping keeps an absurd amount absurd, and inside int64 after scaling.
    return np.clip(np.array(numbers, dtype=np.float64), -minor_max - 1, minor_max + 1)


def _too_fine(shown: str, currency: str | None) -> str:
    digits = EXPONENTS.get(currency or "", 0)
    return f"amount: {shown} has more than the {digits} decimals of {currency}"


def _read_decimal_text(
    raw: list[Any],
    currencies: Sequence[str | None],
    minor: NDArray[np.int64],
    minor_max: int,
    rejections: Rejections,
) -> None:
    for index, value in enumerate(raw):
        if type(value) is not str:
            continue
        scaled = minor_from_text(value, int(_FACTORS.get(currencies[index], 1.0)))
        if scaled is None:
            detail = (
                f"amount: {rejections.shown(value)} is no decimal number that {currencies[index]} can hold"
            )
            rejections.add(index, "bad_amount", detail)
        else:
            minor[index] = max(-1, min(scaled, minor_max + 1))
