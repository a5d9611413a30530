"""Kernels of the rule machine for money, calendars and digits."""

from __future__ import annotations

from fraudstream.events.jit import Integer, inlined
from fraudstream.events.rates import converted
from fraudstream.rules.vm_code import (
    BY_CURRENCY,
    CONVERT,
    CURRENCY,
    DAY_OF_MONTH,
    DIGITS,
    FIRST_DIGIT,
    LAST_DIGITS,
    LOCAL,
    TRAILING_ZEROS,
    Code,
    Registers,
)

FREE = -1
"""An unused place of a table of currencies."""


@inlined
def exchange(line: Integer, code: Code, registers: Registers, n: Integer) -> None:
    """Find currencies by their codes, minor units per major unit, and converted amounts."""
    op, to, a, b, c, d, e = line[0], line[1], line[2], line[3], line[4], line[5], line[6]
    words = code.words
    x, x_known = registers.wholes[a], registers.wholes_known[a]
    out, known = registers.wholes[to], registers.wholes_known[to]
    if op == CURRENCY:
        # A hash table with open addressing: its size, then code and currency by place.
        last = words[b] - 1
        for i in range(n):
            place = x[i] & last
            while words[b + 1 + 2 * place] != x[i] and words[b + 1 + 2 * place] != FREE:
                place = (place + 1) & last
            found = words[b + 1 + 2 * place] == x[i]
            out[i] = words[b + 2 + 2 * place]
            known[i] = x_known[i] & found
    elif op == BY_CURRENCY:
        for i in range(n):
            out[i] = words[b + 1 + x[i]] if x_known[i] else words[b]
            known[i] = 1
    elif op == CONVERT:
        # `d` leads to the number of days, the number of currencies and the days; `e` to the ratios.
        currencies = words[d + 1]
        time_us = registers.wholes[c]
        for i in range(n):
            period = _last_at(words, d + 2, words[d], time_us[i])
            currency = registers.wholes[b, i]
            given = registers.wholes_known[b, i] != 0 and currency < currencies
            ratio = code.reals[e + period * currencies + currency] if given else 0.0
            out[i], fits = converted(x[i], ratio)
            known[i] = x_known[i] & given & fits


@inlined
def _last_at(words: Integer, low: Integer, count: Integer, time_us: Integer) -> Integer:
    """Return the last of `count` sorted times that is not after `time_us`, the first where all are."""
    first = 0
    while count - first > 1:
        middle = (first + count) >> 1
        if words[low + middle] <= time_us:
            first = middle
        else:
            count = middle
    return first


@inlined
def _day_of_month(day: Integer) -> Integer:
    # H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    day_of_era = (day + 719_468) % 146_097
    year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_from_march = (5 * day_of_year + 2) // 153
    return day_of_year - (153 * month_from_march + 2) // 5 + 1


@inlined
def tell_time(
    op: Integer, to: Integer, a: Integer, b: Integer, code: Code, registers: Registers, n: Integer
) -> None:
    """Bring times to the clock of a zone, or tell the day of the month of a day."""
    words = code.words
    x, out = registers.wholes[a], registers.wholes[to]
    for i in range(n):
        registers.wholes_known[to, i] = registers.wholes_known[a, i]
    if op == LOCAL:
        # `b` leads to the number of changes, the times of the changes, and the offset from each on.
        changes = words[b]
        for i in range(n):
            change = _last_at(words, b + 1, changes, x[i])
            out[i] = x[i] + words[b + 1 + changes + change]
    elif op == DAY_OF_MONTH:
        for i in range(n):
            out[i] = _day_of_month(x[i])


@inlined
def _digits_of(value: Integer) -> Integer:
    digits = 1
    while value >= 10:
        value //= 10
        digits += 1
    return digits


@inlined
def _zeros_of(value: Integer) -> Integer:
    zeros = 0
    while value % 10 == 0:
        value //= 10
        zeros += 1
    return zeros


@inlined
def read_digits(
    op: Integer, to: Integer, a: Integer, b: Integer, c: Integer, registers: Registers, n: Integer
) -> None:
    """Read the digits of numbers as they are written in major units; `b` holds the minor units of one."""
    out, known = registers.wholes[to], registers.wholes_known[to]
    for i in range(n):
        minor = abs(registers.wholes[a, i])
        # The magnitude of the least int64 does not fit.
        readable = registers.wholes_known[a, i] != 0 and minor >= 0
        result = 0
        if readable and op == FIRST_DIGIT:
            readable = minor > 0
            while minor >= 10:
                minor //= 10
            result = minor
        elif readable:
            unit = registers.wholes[b, i]
            whole = minor // unit
            if op == LAST_DIGITS:
                result = whole % registers.wholes[c, i]
            elif op == DIGITS:
                result = _digits_of(whole)
            elif op == TRAILING_ZEROS:
                readable = minor > 0
                result = _zeros_of(whole) if readable and whole * unit == minor else 0
        out[i] = result
        known[i] = readable


@inlined
def round_to(to: Integer, a: Integer, b: Integer, registers: Registers, n: Integer) -> None:
    """Round minor units to whole major units, half to even; `b` holds the minor units of one."""
    for i in range(n):
        unit = registers.wholes[b, i]
        below = registers.wholes[a, i] // unit
        rest = registers.wholes[a, i] - below * unit
        up = 2 * rest > unit or (2 * rest == unit and below % 2 != 0)
        rounded = (below + up) * unit
        registers.wholes[to, i] = rounded
        # Rounding up may leave int64: then the sign has changed.
        registers.wholes_known[to, i] = registers.wholes_known[a, i] & ((rounded < 0) == (below + up < 0))
