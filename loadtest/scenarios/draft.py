"""Writing one incident: who is in it, when, and the events that it consists of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

import numpy as np

from loadtest.places import CITIES
from loadtest.population import World
from loadtest.rows import (
    ABSENT,
    DAY_US,
    FACTORS,
    HOUR_US,
    ROW,
    SECOND_US,
    USD_PER_UNIT,
    Channel,
    Currency,
    Kind,
    Mask,
    Rows,
    Status,
)

_QUIET_US = 22 * HOUR_US
_NOBODY_LEFT = "no customer is left for another incident: generate more events"
_CARD_KINDS = frozenset({Kind.CARD_PAYMENT, Kind.REFUND, Kind.CASH_WITHDRAWAL})


@dataclass(frozen=True)
class Person:
    """Somebody who acts in an incident, as indices into the tables; -1 for what he does not use."""

    party: int
    currency: int
    city: int = 0
    card: int = ABSENT
    device: int = ABSENT


class Cast:
    """The customers that incidents may happen to; each is handed out once, so that no two incidents mix."""

    def __init__(self, world: World, ordinary: Rows, rng: Random) -> None:
        self._calm = world.customers.calm()
        self._free: list[int] = np.flatnonzero(self._calm).tolist()
        rng.shuffle(self._free)
        self._quiet = self._quiet_cards(ordinary, world.calendar.end_us)
        rng.shuffle(self._quiet)

    def take(self, suitable: Mask | None) -> int:
        """Return a customer that nobody took before, among the suitable ones [customers]."""
        for who in self._free:
            if suitable is None or suitable[who]:
                self._free.remove(who)
                return who
        raise RuntimeError(_NOBODY_LEFT)

    def take_quiet(self) -> tuple[int, int]:
        """Return a customer and the start of 22 hours without a payment in a shop, in microseconds."""
        for who, from_us in self._quiet:
            if who in self._free:
                self._free.remove(who)
                return who, from_us
        raise RuntimeError(_NOBODY_LEFT)

    def crowd(self, rng: Random, count: int) -> list[int]:
        """Return different calm customers, whether or not they were handed out."""
        return rng.sample(np.flatnonzero(self._calm).tolist(), count)

    def _quiet_cards(self, ordinary: Rows, end_us: int) -> list[tuple[int, int]]:
        in_shop = ordinary[(ordinary["channel"] == Channel.POS) & (ordinary["debtor"] >= 0)]
        order = np.lexsort((in_shop["time_us"], in_shop["card"]))
        card, time_us = in_shop["card"][order], in_shop["time_us"][order]
        last = np.append(card[1:] != card[:-1], True)
        next_us = np.where(last, end_us + DAY_US, np.append(time_us[1:], 0))
        quiet = np.flatnonzero((next_us - time_us > _QUIET_US) & (time_us < end_us - 4 * HOUR_US))
        return list(zip(card[quiet].tolist(), time_us[quiet].tolist(), strict=True))


class Draft:
    """Collects the events of one incident; amounts are given in USD and paid in the person's currency."""

    def __init__(self, world: World, cast: Cast, rng: Random, incident: int) -> None:
        self.world, self.cast, self.rng = world, cast, rng
        self._incident = incident
        self._rows: list[tuple[int, ...]] = []

    def history(self) -> Draft:
        """Return a draft of ordinary events that end up in the same stream, outside the incident."""
        past = Draft(self.world, self.cast, self.rng, ABSENT)
        past._rows = self._rows
        return past

    def rows(self) -> Rows:
        """Return what was added so far."""
        return np.array(self._rows, dtype=ROW)

    def add(self, kind: Kind, at_us: float, person: Person, usd: float | None = None, **columns: int) -> None:
        """Add an approved event on the person's own device; `columns` of a row override what is usual."""
        row: dict[str, int] = {
            "time_us": int(at_us) // 1_000 * 1_000,
            "kind": kind,
            "status": Status.APPROVED,
            "channel": Channel.MOBILE,
            "debtor": person.party,
            "device": person.device,
            "incident": self._incident,
        }
        if kind in _CARD_KINDS:
            row["card"] = person.card
        if usd is not None:
            units = usd / USD_PER_UNIT[person.currency] * FACTORS[person.currency]
            row |= {"currency": person.currency, "amount_minor": max(1, round(units))}
        row |= columns
        self._rows.append(tuple(row.get(name, ABSENT) for name in ROW.names or ()))

    def victim(self, suitable: Mask | None = None) -> Person:
        """Return a customer who is in no other incident."""
        return self.customer(self.cast.take(suitable))

    def crowd(self, count: int) -> list[Person]:
        """Return different customers who may also be in other incidents."""
        return [self.customer(who) for who in self.cast.crowd(self.rng, count)]

    def customer(self, who: int) -> Person:
        """Return a customer with his card and his first device."""
        customers, device = self.world.customers, int(self.world.belongings.devices[who, 0])
        return Person(who, int(customers.currency[who]), int(customers.city[who]), who, device)

    def business(self, currency: Currency) -> Person:
        """Return some business that keeps its books in a currency."""
        customers = self.world.customers
        found = np.flatnonzero(customers.business & (customers.currency == currency))
        return self.customer(int(self.rng.choice(found.tolist())))

    def newcomer(self) -> Person:
        """Return a new customer with a fresh account, card and device."""
        city, registry = self.rng.randrange(7), self.world.registry
        party = registry.add_person(CITIES[city].country)
        return Person(party, Currency.USD, city, registry.add_card(), registry.add_device(city))

    def outsider(self, country: str = "US") -> Person:
        """Return somebody with an account at another bank."""
        return Person(self.world.registry.add_person(country), Currency.USD)

    def on_new_device(self, person: Person) -> Person:
        """Return the person acting on a device and from an address that nobody used before."""
        return replace(person, device=self.world.registry.add_device(self.rng.randrange(len(CITIES))))

    def sites(self, count: int) -> list[int]:
        """Return different merchants that sell online."""
        return self.rng.sample(self.world.merchants.sites.tolist(), count)

    def in_shop(self, city: int) -> dict[str, int]:
        """Return the columns of a payment with the card at the till of some shop of a city."""
        shop = int(self.rng.choice(self.world.merchants.shops_by_city[city]))
        return {"merchant": shop, "device": int(self.world.merchants.place[shop]), "channel": Channel.POS}

    def at_counter(self, city: int, channel: Channel) -> dict[str, int]:
        """Return the columns of cash at a branch or machine of a city."""
        return {"device": int(self.rng.choice(self.world.counters[city].tolist())), "channel": channel}

    def purpose(self, text: str) -> int:
        """Return the index of a purpose."""
        return self.world.tables.purpose_of(text)

    def moment_us(self, lasting_us: float = 0, after: float = 0.3) -> int:
        """Return a time past that share of the stream from which `lasting_us` still fit into it."""
        span_us = self.world.calendar.days * DAY_US
        first_us, last_us = after * span_us, max(after * span_us, 0.95 * span_us - lasting_us)
        return self.world.calendar.start_us + int(self.rng.uniform(first_us, last_us))

    def local_us(self, city: int, hour: float, after: float = 0.3) -> int:
        """Return that hour of a city's clock on a day past that share of the stream."""
        days = self.world.calendar.days
        day = self.rng.randrange(min(int(after * days) + 1, days - 1), days)
        return int(self.world.calendar.at(np.array(day), np.array(hour), np.array(city)))

    def spread_us(self, count: int, step_us_max: float) -> float:
        """Return a pause with which `count` events fit into two thirds of the stream."""
        return min(step_us_max, self.world.calendar.days * DAY_US * 0.66 / count)

    def seconds_us(self, low: float, high: float) -> int:
        """Return a pause between two numbers of seconds, in microseconds."""
        return int(self.rng.uniform(low, high) * SECOND_US)

    def minutes_us(self, low: float, high: float) -> int:
        """Return a pause between two numbers of minutes, in microseconds."""
        return self.seconds_us(low * 60, high * 60)

    def not_round(self, low: float, high: float) -> float:
        """Return an amount with cents, so that it is no multiple of a whole unit."""
        return int(self.rng.uniform(low, high)) + self.rng.randint(1, 99) / 100
