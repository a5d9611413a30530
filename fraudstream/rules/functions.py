"""The functions of the expression language: one entry each, with its types and its formula."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from fraudstream.rules.types import NUMBER, Kind, Type
from fraudstream.rules.vectors import ALWAYS, Array, Values, both

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US


@dataclass(frozen=True)
class Function:
    """Argument kinds, result type and formula over arrays; unknown where any argument is."""

    arguments: tuple[Kind, ...]
    result: Type
    compute: Callable[..., Array]

    def __call__(self, arguments: Sequence[Values]) -> Values:
        """Compute the function; unknown where an argument is, or where the result is no number."""
        with np.errstate(all="ignore"):
            data = np.asarray(self.compute(*(each.data for each in arguments)))
        known = reduce(both, (each.known for each in arguments), ALWAYS)
        if data.dtype.kind == "f":
            # A logarithm of a negative number, say, has no value.
            known = both(known, np.isfinite(data))
        return Values(data, known)


def _distance_km(lat_a: Array, lon_a: Array, lat_b: Array, lon_b: Array) -> Array:
    """Great-circle distance by the haversine formula; arguments in degrees."""
    lat_a, lon_a, lat_b, lon_b = (np.radians(each) for each in (lat_a, lon_a, lat_b, lon_b))
    half_chord = (
        np.sin((lat_b - lat_a) / 2) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2
    )
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half_chord, 0.0, 1.0))))


FUNCTIONS: dict[str, Function] = {
    "distance_km": Function((Kind.NUMBER,) * 4, NUMBER, _distance_km),
    "abs": Function((Kind.NUMBER,), NUMBER, np.abs),
    "log1p": Function((Kind.NUMBER,), NUMBER, np.log1p),
    "least": Function((Kind.NUMBER, Kind.NUMBER), NUMBER, np.minimum),
    "greatest": Function((Kind.NUMBER, Kind.NUMBER), NUMBER, np.maximum),
    "hour": Function((Kind.TIME,), NUMBER, lambda time_us: (time_us // _HOUR_US) % 24),
    # 1970-01-01 was a Thursday; Monday is 1, as in ISO 8601.
    "weekday": Function((Kind.TIME,), NUMBER, lambda time_us: (time_us // _DAY_US + 3) % 7 + 1),
}
"""By name. `hour` and `weekday` are in UTC."""

TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part.casefold() in text.casefold(),
    "starts_with": lambda text, part: text.casefold().startswith(part.casefold()),
}
"""Tests of a text column against a constant text; capitals do not count."""
