"""Event time: RFC 3339 text or epoch milliseconds to integer microseconds since 1970 UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import kernel

TIME_US_MIN = 0
TIME_US_MAX = 7_258_118_400_000_000
"""2200-01-01T00:00:00Z, the first instant that is refused."""

_WIDTH = 36
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@kernel
def _digits(text: NDArray[np.uint32], start: int, count: int) -> int:
    value = 0
    for index in range(start, start + count):
        digit = int(text[index]) - 48
        if digit < 0 or digit > 9:
            return -1
        value = value * 10 + digit
    return value


@kernel
def _days_from_civil(year: int, month: int, day: int) -> int:
    # Days since 1970-01-01 in the proleptic Gregorian calendar, counted from 1 March so that the
    # leap day is the last of its year (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    shifted = year - 1 if month <= 2 else year
    era = shifted // 400
    year_of_era = shifted - era * 400
    month_from_march = month - 3 if month > 2 else month + 9
    day_of_year = (153 * month_from_march + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146_097 + day_of_era - 719_468


@kernel
def _month_days(year: int, month: int) -> int:
    if month == 2:
        leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0
        return 29 if leap else 28
    return 30 if month in (4, 6, 9, 11) else 31


@kernel
def _parse_one(text: NDArray[np.uint32]) -> int:
    """Parse one zero-padded code-point row; -1 where the slow parser must decide."""
    year, month, day = _digits(text, 0, 4), _digits(text, 5, 2), _digits(text, 8, 2)
    hour, minute, second = _digits(text, 11, 2), _digits(text, 14, 2), _digits(text, 17, 2)
    if min(year, month, day, hour, minute, second) < 0:
        return -1
    separators = text[4] == 45 and text[7] == 45 and text[13] == 58 and text[16] == 58
    if not separators or (text[10] != 84 and text[10] != 32):
        return -1
    if month < 1 or month > 12 or day < 1 or day > _month_days(year, month):
        return -1
    if hour > 23 or minute > 59 or second > 59:
        return -1
    position = 19
    fraction_us = 0
    if text[position] == 46:
        position += 1
        scale = 100_000
        while position < 26 and 48 <= text[position] <= 57:
            fraction_us += (int(text[position]) - 48) * scale
            scale //= 10
            position += 1
    if text[position] != 90 or np.any(text[position + 1 :]):
        return -1
    seconds = _days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
    return seconds * 1_000_000 + fraction_us


@kernel
def _parse_all(texts: NDArray[np.uint32]) -> NDArray[np.int64]:
    out = np.empty(texts.shape[0], np.int64)
    for index in range(texts.shape[0]):
        out[index] = _parse_one(texts[index])
    return out


def parse_times(values: Sequence[str]) -> NDArray[np.int64]:
    """Parse texts of the form `2026-03-02T08:15:30.123Z`; -1 where `parse_time` must decide."""
    texts = np.array(values, dtype=f"U{_WIDTH}")
    return _parse_all(texts.view(np.uint32).reshape(len(values), _WIDTH))


def parse_time(value: str, zone: str | None = None) -> int:
    """Parse any ISO 8601 date and time with a zone, in microseconds; ValueError says what is wrong.

    `zone` is the IANA zone that a mapped field without one is read in.
    """
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value[:40]!r} is no ISO 8601 date and time") from None
    if moment.tzinfo is None:
        if zone is None:
            raise ValueError(f"{value[:40]!r} has no time zone: end it with Z or an offset such as +08:00")
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return (moment - _EPOCH) // _MICROSECOND


def format_time(time_us: int) -> str:
    """Write microseconds since 1970 as RFC 3339 in UTC, with the fraction only where there is one."""
    moment = _EPOCH + timedelta(microseconds=int(time_us))
    precision = "seconds" if time_us % 1_000_000 == 0 else "milliseconds" if time_us % 1_000 == 0 else "auto"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def day_us(day: date) -> int:
    """Return the first microsecond of a day in UTC."""
    return (day - _EPOCH.date()).days * 86_400_000_000
