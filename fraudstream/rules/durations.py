"""Durations as people write them: a whole number and one of s, m, h, d, w."""

from __future__ import annotations

import re

DURATION_UNITS = {
    "w": 604_800_000_000,
    "d": 86_400_000_000,
    "h": 3_600_000_000,
    "m": 60_000_000,
    "s": 1_000_000,
}
DURATION_US_MAX = 3_660 * DURATION_UNITS["d"]
_PATTERN = re.compile(r"([0-9]{1,9})([smhdw])")


def parse_duration(text: str) -> int:
    """Return microseconds; ValueError where the text is no duration."""
    match = _PATTERN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no duration: write a whole number and s, m, h, d or w, such as 90m")
    us = int(match[1]) * DURATION_UNITS[match[2]]
    if us > DURATION_US_MAX:
        raise ValueError(f"{text!r} is longer than ten years: write a shorter duration")
    return us


def format_duration(us: int) -> str:
    """Write microseconds in the largest unit that divides them, or in seconds with a fraction."""
    for unit, unit_us in DURATION_UNITS.items():
        if us and us % unit_us == 0:
            return f"{us // unit_us}{unit}"
    return f"{us / 1_000_000:g}s"
