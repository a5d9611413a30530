"""Event time: RFC 3339 text or epoch milliseconds to integer microseconds since 1970 UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import Integer, inlined, kernel

TIME_US_MIN = 0
TIME_US_MAX = 7_258_118_400_000_000
"""2200-01-01T00:00:00Z, the first instant that is refused."""

_DAY_SECONDS = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@inlined
def _digits(text: NDArray[np.uint8], start: Integer, count: Integer) -> Integer:
    value = np.int64(0)
    for index in range(start, start + count):
        digit = np.int64(text[index]) - 48
        if digit < 0 or digit > 9:
            return -1
        value = value * 10 + digit
    return value


@inlined
def _days_from_civil(year: Integer, month: Integer, day: Integer) -> Integer:
    # Days since 1970-01-01 in the proleptic Gregorian calendar, counted from 1 March so that the
    # leap day is the last of its year (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    shifted = year - 1 if month <= 2 else year
    era = shifted // 400
    year_of_era = shifted - era * 400
    month_from_march = month - 3 if month > 2 else month + 9
    day_of_year = (153 * month_from_march + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146_097 + day_of_era - 719_468


@inlined
def _month_days(year: Integer, month: Integer) -> Integer:
    if month == 2:
        leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0
        return 29 if leap else 28
    return 30 if month in (4, 6, 9, 11) else 31


@inlined
def _days_of(text: NDArray[np.uint8], start: Integer) -> Integer:
    """Return the days since 1970 of a date such as `2026-03-02`, -1 where it is none, or before 1970."""
    year, month, day = _digits(text, start, 4), _digits(text, start + 5, 2), _digits(text, start + 8, 2)
    if year < 1970 or text[start + 4] != 45 or text[start + 7] != 45:
        return -1
    if month < 1 or month > 12 or day < 1 or day > _month_days(year, month):
        return -1
    return _days_from_civil(year, month, day)


@inlined
def _seconds_of(text: NDArray[np.uint8], start: Integer) -> Integer:
    """Return the seconds of a time such as `08:15:30`, -1 where it is none."""
    hour, minute = _digits(text, start, 2), _digits(text, start + 3, 2)
    second = _digits(text, start + 6, 2)
    if text[start + 2] != 58 or text[start + 5] != 58 or min(hour, minute, second) < 0:
        return -1
    if hour > 23 or minute > 59 or second > 59:
        return -1
    return hour * 3_600 + minute * 60 + second


@inlined
def _offset_seconds(text: NDArray[np.uint8], start: Integer, stop: Integer, utc: Integer) -> Integer:
    """Return the seconds east of UTC of `Z`, `+08:00` or, if `utc`, of nothing; 86,400 where it is none."""
    if stop - start == 1 and text[start] == 90:
        return 0
    if stop == start and utc:
        return 0
    if stop - start != 6 or text[start + 3] != 58 or (text[start] != 43 and text[start] != 45):
        return _DAY_SECONDS
    hour, minute = _digits(text, start + 1, 2), _digits(text, start + 4, 2)
    if hour < 0 or minute < 0 or hour > 23 or minute > 59:
        return _DAY_SECONDS
    seconds = hour * 3_600 + minute * 60
    return seconds if text[start] == 43 else -seconds


@inlined
def time_at(text: NDArray[np.uint8], start: Integer, stop: Integer, utc: Integer) -> Integer:
    """Parse `2026-03-02T08:15:30.123Z` or `...+08:00`; -1 where the slow parser must decide.

    `utc` says that a time without a zone is in UTC.
    """
    if stop - start < 19 or stop - start > 32:
        return -1
    days, seconds = _days_of(text, start), _seconds_of(text, start + 11)
    if days < 0 or seconds < 0 or (text[start + 10] != 84 and text[start + 10] != 32):
        return -1
    position = start + 19
    fraction_us = np.int64(0)
    if position < stop and text[position] == 46:
        position += 1
        scale = np.int64(100_000)
        while position < stop and scale > 0 and 48 <= text[position] <= 57:
            fraction_us += (np.int64(text[position]) - 48) * scale
            scale //= 10
            position += 1
        if scale == 100_000:
            return -1
    offset = _offset_seconds(text, position, stop, utc)
    if offset == _DAY_SECONDS:
        return -1
    return max(-1, (days * _DAY_SECONDS + seconds - offset) * 1_000_000 + fraction_us)


@kernel
def _parse_all(texts: NDArray[np.uint8], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    out = np.empty(len(ends), np.int64)
    start = np.int64(0)
    for index in range(len(ends)):
        out[index] = time_at(texts, start, ends[index], 0)
        start = ends[index]
    return out


def parse_times(values: Sequence[str]) -> NDArray[np.int64]:
    """Parse texts of the form `2026-03-02T08:15:30.123Z`; -1 where `parse_time` must decide."""
    parts = [value.encode() for value in values]
    ends = np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)))
    return _parse_all(np.frombuffer(b"".join(parts), np.uint8), ends)


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


def day_us(day: date | None) -> int | None:
    """Return the first microsecond of a day in UTC, None for no day."""
    return None if day is None else (day - _EPOCH.date()).days * 86_400_000_000
