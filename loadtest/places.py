"""The cities where customers live and travel, and the distances between them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from loadtest.rows import Currency, Floats, Ints


class City(NamedTuple):
    """A real city, with the share of customers who live there and its offset from UTC in hours."""

    country: str
    lat: float
    lon: float
    utc_offset_h: int
    currency: Currency
    share: float


CITIES = (
    City("US", 40.71, -74.01, -5, Currency.USD, 0.16),
    City("US", 42.36, -71.06, -5, Currency.USD, 0.08),
    City("US", 41.88, -87.63, -6, Currency.USD, 0.10),
    City("US", 30.27, -97.74, -6, Currency.USD, 0.08),
    City("US", 39.74, -104.99, -7, Currency.USD, 0.06),
    City("US", 47.61, -122.33, -8, Currency.USD, 0.07),
    City("US", 25.76, -80.19, -5, Currency.USD, 0.08),
    City("DE", 52.52, 13.40, 1, Currency.EUR, 0.06),
    City("FR", 45.76, 4.84, 1, Currency.EUR, 0.05),
    City("ES", 40.42, -3.70, 1, Currency.EUR, 0.05),
    City("GB", 51.51, -0.13, 0, Currency.GBP, 0.06),
    City("GB", 53.80, -1.55, 0, Currency.GBP, 0.03),
    City("CN", 31.23, 121.47, 8, Currency.CNY, 0.04),
    City("CN", 30.57, 104.07, 8, Currency.CNY, 0.02),
    City("JP", 35.68, 139.69, 9, Currency.JPY, 0.04),
    City("JP", 34.69, 135.50, 9, Currency.JPY, 0.02),
)

CITY_SHARE: Floats = np.array([city.share for city in CITIES])
CITY_CURRENCY: Ints = np.array([city.currency for city in CITIES])
CITY_UTC_OFFSET_H: Ints = np.array([city.utc_offset_h for city in CITIES])


def _distances_km() -> Floats:
    earth_radius_km = 6_371.0
    lat, lon = np.radians([[city.lat, city.lon] for city in CITIES]).T
    half_lat = np.sin((lat[:, None] - lat) / 2) ** 2
    half_lon = np.sin((lon[:, None] - lon) / 2) ** 2
    haversine = half_lat + np.cos(lat[:, None]) * np.cos(lat) * half_lon
    return np.asarray(2 * earth_radius_km * np.arcsin(np.sqrt(haversine)))


DISTANCE_KM: Floats = _distances_km()
"""Great-circle distance between any two cities, [cities, cities]."""
