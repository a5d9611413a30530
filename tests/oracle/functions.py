"""The functions of the language, on plain values: numbers, texts and times."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.oracle.messages import EPOCH

Numeric = int | float
EARTH_RADIUS_KM = 6371.0088
_HOUR_US = 3_600_000_000


def on_clock(t_us: int, zone: str | None) -> datetime:
    """Return a time as the clocks of a zone show it, UTC where that is None."""
    moment = EPOCH + timedelta(microseconds=t_us)
    return moment if zone is None else moment.astimezone(ZoneInfo(zone))


CLOCK: dict[str, Callable[[datetime], int]] = {
    "hour": lambda moment: moment.hour,
    "minute_of_day": lambda moment: 60 * moment.hour + moment.minute,
    "weekday": datetime.isoweekday,
    "day_of_month": lambda moment: moment.day,
}
"""What a clock or a calendar tells."""


def _pattern_matches(text: str, pattern: str) -> bool:
    # Simple patterns mean the same to both engines of regular expressions.
    return re.search(pattern, text, re.IGNORECASE) is not None


TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part.casefold() in text.casefold(),
    "starts_with": lambda text, part: text.casefold().startswith(part.casefold()),
    "ends_with": lambda text, part: text.casefold().endswith(part.casefold()),
    "matches": _pattern_matches,
}
"""What a text is tested for."""


def read_digits(function: str, value: int, per_major: int, wanted: int) -> int | None:
    """Read the digits of an amount as it is written in major units, `per_major` minor units each."""
    size = abs(value)
    whole, rest = divmod(size, per_major)
    if function == "digits":
        return len(str(whole))
    if function == "last_digits":
        return int(str(whole)[-wanted:])
    if size == 0:
        return None
    if function == "first_digit":
        return int(str(size)[0])
    return 0 if rest else len(str(whole)) - len(str(whole).rstrip("0"))


def distance_km(lat_a: Numeric, lon_a: Numeric, lat_b: Numeric, lon_b: Numeric) -> float:
    """Great-circle distance by the spherical law of cosines in its stable form (Vincenty on a sphere)."""
    a, b = math.radians(lat_a), math.radians(lat_b)
    turn = math.radians(lon_b - lon_a)
    across = math.hypot(
        math.cos(b) * math.sin(turn), math.cos(a) * math.sin(b) - math.sin(a) * math.cos(b) * math.cos(turn)
    )
    along = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(turn)
    return EARTH_RADIUS_KM * math.atan2(across, along)


def speed_km_per_h(
    lat_a: Numeric, lon_a: Numeric, lat_b: Numeric, lon_b: Numeric, elapsed_us: Numeric
) -> float | None:
    """Return the speed at which a distance is travelled, None where that takes no time."""
    if elapsed_us <= 0:
        return None
    return distance_km(lat_a, lon_a, lat_b, lon_b) / (elapsed_us / _HOUR_US)


def log1p(value: Numeric) -> float | None:
    """Return the natural logarithm of 1 + x."""
    return math.log1p(value) if value > -1 else None
