"""The world of one stream: who lives there, and the JSON of every party, card, shop and device."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

import numpy as np

from loadtest.people import NEVER_US, Calendar, Customers, draw_customers
from loadtest.places import CITIES, CITY_SHARE
from loadtest.registry import Registry
from loadtest.rows import Floats, Ints
from loadtest.wire import Tables

_START_US = int(np.datetime64("2026-03-02T00:00:00", "us").astype(np.int64))
_EVENTS_PER_CUSTOMER_DAY = 5


class _Trade(NamedTuple):
    """A merchant category code (ISO 18245) and what is usual in it."""

    mcc: str
    median_usd: float
    share: float
    online: bool


_TRADES = (
    _Trade("5411", 28.0, 0.22, False),
    _Trade("5812", 24.0, 0.13, False),
    _Trade("5814", 9.0, 0.12, False),
    _Trade("5541", 42.0, 0.08, False),
    _Trade("5912", 18.0, 0.06, False),
    _Trade("4111", 3.2, 0.05, False),
    _Trade("5311", 55.0, 0.06, False),
    _Trade("5732", 140.0, 0.05, True),
    _Trade("5942", 20.0, 0.07, True),
    _Trade("4899", 14.0, 0.06, True),
    _Trade("5999", 35.0, 0.07, True),
    _Trade("5816", 6.0, 0.03, True),
)


@dataclass(frozen=True)
class Merchants:
    """Columns with one entry per merchant [merchants]; `place` is the device row of a shop's till."""

    city: Ints
    median_usd: Floats
    place: Ints
    shops_by_city: list[Ints]
    sites: Ints


@dataclass(frozen=True)
class Belongings:
    """What each customer uses, as indices into the tables [customers] or [customers, choices]."""

    devices: Ints
    new_device: Ints
    away_device: Ints
    shops: Ints
    sites: Ints
    friends: Ints
    landlord: Ints
    employer: Ints
    platform: Ints
    suppliers: Ints


@dataclass(frozen=True)
class World:
    """All that a stream is drawn from. Customer i is party i and holds card i."""

    rng: np.random.Generator
    calendar: Calendar
    registry: Registry
    customers: Customers
    merchants: Merchants
    belongings: Belongings
    platforms: Ints
    counters: Ints
    prepaid_cards: Ints
    employees: Ints

    @property
    def tables(self) -> Tables:
        """The JSON of every entity registered so far."""
        return self.registry.tables


def _draw_trades(rng: np.random.Generator, shops: int, sites: int) -> Ints:
    share = np.array([trade.share for trade in _TRADES])
    online = np.array([trade.online for trade in _TRADES])
    return np.concatenate(
        [
            rng.choice(len(_TRADES), shops, p=share * ~online / share[~online].sum()),
            rng.choice(len(_TRADES), sites, p=share * online / share[online].sum()),
        ]
    )


def _add_merchants(registry: Registry, rng: np.random.Generator, count: int) -> Merchants:
    """Add shops in every city, at least eight, and sites that sell online from anywhere."""
    shops = np.repeat(np.arange(len(CITIES)), np.maximum(8, (count * 0.75 * CITY_SHARE).astype(np.int64)))
    sites = rng.integers(0, len(CITIES), max(60, count // 4))
    city = np.concatenate([shops, sites])
    trade = _draw_trades(rng, len(shops), len(sites))
    for where, what in zip(city.tolist(), trade.tolist(), strict=True):
        registry.add_merchant(_TRADES[what].mcc, CITIES[where].country)
    usual_usd = np.array([row.median_usd for row in _TRADES])
    return Merchants(
        city=city,
        median_usd=usual_usd[trade] * np.exp(rng.normal(0, 0.2, len(city))),
        place=np.array([registry.add_place(where) for where in shops.tolist()]),
        shops_by_city=[np.flatnonzero(shops == where) for where in range(len(CITIES))],
        sites=np.arange(len(shops), len(city)),
    )


def _add_customers(registry: Registry, customers: Customers) -> None:
    for city, business in zip(customers.city.tolist(), customers.business.tolist(), strict=True):
        if business:
            registry.add_firm("Trading", CITIES[city].country)
        else:
            registry.add_person(CITIES[city].country)
        registry.add_card()


class _Outfitter:
    """Gives every customer his devices, places, friends and firms."""

    def __init__(
        self, registry: Registry, rng: np.random.Generator, customers: Customers, merchants: Merchants
    ) -> None:
        self._registry, self._rng = registry, rng
        self._customers, self._merchants = customers, merchants

    def outfit(self, platforms: Ints) -> Belongings:
        """Draw all belongings."""
        count = len(self._customers)
        persons = np.flatnonzero(~self._customers.business)
        devices, new_device, away_device = self._devices()
        return Belongings(
            devices=devices,
            new_device=new_device,
            away_device=away_device,
            shops=self._favourite_shops(),
            sites=self._rng.choice(self._merchants.sites, (count, 4)),
            friends=self._rng.choice(persons, (count, 4)),
            landlord=self._shared_firm(6, "Homes"),
            employer=self._shared_firm(8, "Works"),
            platform=self._rng.choice(platforms, count),
            suppliers=np.stack([self._shared_firm(20, "Supplies") for _ in range(4)], axis=1),
        )

    def _devices(self) -> tuple[Ints, Ints, Ints]:
        """Give one device or two at one address; movers get a new one, travellers a foreign address."""
        customers, registry, count = self._customers, self._registry, len(self._customers)
        has_second = ~customers.business & (self._rng.random(count) < 0.4)
        devices = np.empty((count, 2), np.int64)
        new_device, away_device = np.full(count, -1), np.full(count, -1)
        for who, city in enumerate(customers.city.tolist()):
            ip = registry.ip()
            devices[who] = registry.add_device(city, ip=ip)
            if has_second[who]:
                devices[who, 1] = registry.add_device(city, ip=ip)
            if customers.moved_from_us[who] < NEVER_US:
                new_device[who] = registry.add_device(city, ip=ip)
            if customers.trips.city[who] >= 0:
                same_id = registry.tables.device.ids[devices[who, 0]].decode()
                away_device[who] = registry.add_device(int(customers.trips.city[who]), device_id=same_id)
        return devices, new_device, away_device

    def _shared_firm(self, size: int, suffix: str) -> Ints:
        """Return for every customer a firm that he shares with at most `size - 1` others."""
        count = len(self._customers)
        firms = [self._registry.add_firm(suffix, "US") for _ in range(-(-count // size))]
        return np.array(firms)[self._rng.permutation(count) // size]

    def _favourite_shops(self) -> Ints:
        home, shops = self._customers.city, self._merchants.shops_by_city
        first, size = np.array([(row[0], len(row)) for row in shops]).T
        choice = self._rng.random((len(home), 6)) * size[home, None]
        return np.asarray(first[home, None] + choice.astype(np.int64))


def covered_days(events: int) -> int:
    """Return how many days a stream of that size covers: 7 at 50,000 events, between 2 and 30."""
    return int(np.clip(round(7 * (events / 50_000) ** 0.4), 2, 30))


def build_world(events: int, seed: int) -> World:
    """Draw a population whose ordinary life gives about `events` events in the time they cover."""
    rng = np.random.default_rng(seed)
    calendar = Calendar(_START_US, covered_days(events))
    customers = draw_customers(rng, events // (calendar.days * _EVENTS_PER_CUSTOMER_DAY), calendar)
    count = len(customers)
    registry = Registry(Random(seed))
    _add_customers(registry, customers)
    merchants = _add_merchants(registry, rng, max(240, count // 4))
    platforms = np.array([registry.add_platform() for _ in range(max(8, count // 60))])
    return World(
        rng=rng,
        calendar=calendar,
        registry=registry,
        customers=customers,
        merchants=merchants,
        belongings=_Outfitter(registry, rng, customers, merchants).outfit(platforms),
        platforms=platforms,
        counters=np.array([[registry.add_place(city) for _ in range(3)] for city in range(len(CITIES))]),
        prepaid_cards=np.array([[registry.add_card() for _ in range(3)] for _ in CITIES]),
        employees=np.array([registry.add_employee() for _ in range(max(4, count // 50))]),
    )
