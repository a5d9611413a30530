"""Customers and their habits: where they live, when they act, what they spend, with what and where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loadtest.places import CITIES, CITY_CURRENCY, CITY_SHARE, CITY_UTC_OFFSET_H, DISTANCE_KM
from loadtest.rows import DAY_US, HOUR_US, Floats, Ints, Mask

NEVER_US = np.iinfo(np.int64).max // 2
"""A time after every stream; half of the largest, so that adding to it cannot overflow."""

WAKING_HOURS = 15.5
"""How long everybody's day is; it starts at the customer's own `wake_hour`."""

_TRANSIT_KM_PER_HOUR = 600.0
_TRANSIT_EXTRA_HOURS = 3.0


@dataclass(frozen=True)
class Calendar:
    """The time that a stream covers: `days` whole days from `start_us` (microseconds since 1970 UTC)."""

    start_us: int
    days: int

    @property
    def end_us(self) -> int:
        """The first instant after the last day."""
        return self.start_us + self.days * DAY_US

    def at(self, day: Floats | Ints, hour: Floats, city: Ints) -> Ints:
        """Convert days from the start and hours of a city's clock to microseconds, in whole milliseconds."""
        milliseconds = day * (DAY_US / 1_000) + (hour - CITY_UTC_OFFSET_H[city]) * (HOUR_US / 1_000)
        return np.asarray(self.start_us + milliseconds.astype(np.int64) * 1_000)


@dataclass(frozen=True)
class Means:
    """What everybody earns and spends [customers]: medians in USD, and a factor on usual prices."""

    card_scale: Floats
    transfer_usd: Floats
    cash_usd: Floats
    takings_usd: Floats
    salary_usd: Floats
    rent_usd: Floats


@dataclass(frozen=True)
class Trips:
    """Everybody's one journey [customers]: city -1 and times after every stream for those who stay."""

    city: Ints
    from_us: Ints
    to_us: Ints
    transit_us: Ints


@dataclass(frozen=True)
class Customers:
    """Columns with one entry per customer [customers]."""

    city: Ints
    currency: Ints
    business: Mask
    wake_hour: Floats
    activity: Floats
    means: Means
    trips: Trips
    moved_from_us: Ints
    changes_profile: Mask
    investor: Mask
    borrower: Mask

    def __len__(self) -> int:
        return len(self.city)

    def calm(self) -> Mask:
        """Return who keeps to his habits all along: the people that an incident may happen to."""
        settled = (self.trips.city < 0) & (self.moved_from_us == NEVER_US) & (self.wake_hour < 12)
        return np.asarray(settled & ~self.business & ~self.changes_profile)


def _lognormal(
    rng: np.random.Generator, count: int, median: float, sigma: float, limits: tuple[float, float]
) -> Floats:
    return np.clip(median * np.exp(rng.normal(0, sigma, count)), *limits)


def _trips(rng: np.random.Generator, city: Ints, may_travel: Mask, calendar: Calendar) -> Trips:
    """Send a few customers to another city for one to five days, with time to get there and back."""
    count = len(city)
    travels = may_travel & (rng.random(count) < 0.03)
    away = (city + rng.integers(1, len(CITIES), count)) % len(CITIES)
    leaves_us = calendar.start_us + (rng.uniform(0.15, 0.6, count) * calendar.days * DAY_US).astype(np.int64)
    stays_us = (rng.uniform(1, 5, count) * DAY_US).astype(np.int64)
    transit_hours = DISTANCE_KM[city, away] / _TRANSIT_KM_PER_HOUR + _TRANSIT_EXTRA_HOURS
    return Trips(
        city=np.where(travels, away, -1),
        from_us=np.where(travels, leaves_us, NEVER_US),
        to_us=np.where(travels, leaves_us + stays_us, NEVER_US),
        transit_us=np.where(travels, transit_hours * HOUR_US, 0).astype(np.int64),
    )


def _means(rng: np.random.Generator, business: Mask) -> Means:
    """Draw what everybody earns and spends; no habit reaches an amount that a rule looks for."""
    count = len(business)
    salary_usd = _lognormal(rng, count, 3_800, 0.4, (1_800, 8_500))
    pays_rent = ~business & (rng.random(count) < 0.55)
    return Means(
        card_scale=_lognormal(rng, count, 1.0, 0.4, (0.4, 3.0)),
        transfer_usd=_lognormal(rng, count, 60, 0.6, (15, 300)),
        cash_usd=rng.choice([20.0, 40.0, 60.0, 80.0, 100.0], count),
        takings_usd=_lognormal(rng, count, 2_400, 0.4, (900, 4_500)),
        salary_usd=np.where(business, 0, salary_usd),
        rent_usd=np.where(pays_rent, np.round(salary_usd * rng.uniform(0.2, 0.3, count) / 10) * 10, 0),
    )


def draw_customers(rng: np.random.Generator, count: int, calendar: Calendar) -> Customers:
    """Draw `count` customers whose habits differ; one in twenty is a business."""
    city = rng.choice(len(CITIES), count, p=CITY_SHARE)
    business = np.arange(count) % 20 == 0
    night_owl = ~business & (rng.random(count) < 0.02)
    moves = ~business & (rng.random(count) < 0.03)
    moved_from_us = calendar.start_us + rng.integers(0, calendar.days * DAY_US, count)
    means = _means(rng, business)
    return Customers(
        city=city,
        currency=CITY_CURRENCY[city],
        business=business,
        wake_hour=np.where(night_owl, 17.0, rng.uniform(6.3, 8.3, count)),
        activity=_lognormal(rng, count, 1.0, 0.6, (0.2, 4.0)),
        means=means,
        trips=_trips(rng, city, ~business & ~night_owl, calendar),
        moved_from_us=np.where(moves, moved_from_us, NEVER_US),
        changes_profile=~business & (means.rent_usd == 0) & (np.arange(count) % 5 == 3),
        investor=np.arange(count) % 5 == 1,
        borrower=np.arange(count) % 5 == 2,
    )
