"""How habits are drawn: who acts, when he is awake, where he is, and which device he has in hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from loadtest.people import WAKING_HOURS
from loadtest.population import World
from loadtest.rows import MINUTE_US, Channel, Floats, Ints, Kind, Mask, Rows, Status, blank, minor_units

_SECOND_DEVICE_SHARE = 0.15
_ROAMING_SHARE = 0.05


class Sampler:
    """Draws from the habits of one world; arrays named `who` hold customers [rows]."""

    def __init__(self, world: World) -> None:
        self.world, self.rng = world, world.rng
        customers = world.customers
        self.persons = np.flatnonzero(~customers.business)
        self.businesses = np.flatnonzero(customers.business)
        self.settled = np.flatnonzero(~customers.business & (customers.trips.city < 0))

    def draw(self, members: Ints, count: int) -> Ints:
        """Draw members with repetition, each as often as he is active."""
        reach = np.cumsum(self.world.customers.activity[members])
        return np.asarray(members[np.searchsorted(reach, self.rng.random(count) * reach[-1])])

    def events(self, kind: Kind, who: Ints, channel: Channel = Channel.MOBILE) -> Rows:
        """Return one approved event per entry of `who`, within his waking hours, on his own device."""
        rows, customers = blank(len(who)), self.world.customers
        day = self.rng.integers(0, self.world.calendar.days, len(who))
        hour = customers.wake_hour[who] + WAKING_HOURS * self.rng.beta(2.2, 2.0, len(who))
        rows["time_us"] = self.world.calendar.at(day, hour, customers.city[who])
        rows["kind"], rows["channel"], rows["status"], rows["debtor"] = kind, channel, Status.APPROVED, who
        rows["device"] = self.device(who, rows["time_us"])
        return rows

    def platform_events(self, kind: Kind, who: Ints) -> Rows:
        """Return events with the platform that each customer always uses."""
        rows = self.events(kind, who)
        rows["platform"] = self.world.belongings.platform[who]
        return rows

    def after_login(self, rows: Rows) -> Rows:
        """Return the rows and as many logins, on the same device one to four minutes earlier."""
        logins = blank(len(rows))
        for name in ("debtor", "device", "channel", "status"):
            logins[name] = rows[name]
        logins["kind"] = Kind.LOGIN
        logins["time_us"] = rows["time_us"] - self.pause_us(len(rows), MINUTE_US, 4 * MINUTE_US)
        return np.concatenate([rows, logins])

    def pay(self, rows: Rows, usd: Floats, currency: Ints | None = None) -> None:
        """Set amounts worth `usd`, in the given currencies or in each debtor's own."""
        paid_in = self.world.customers.currency[rows["debtor"]] if currency is None else currency
        rows["amount_minor"], rows["currency"] = minor_units(usd, paid_in), paid_in

    def noise(self, count: int, sigma: float) -> Floats:
        """Return log-normal factors with median one."""
        return np.exp(self.rng.normal(0, sigma, count))

    def pause_us(self, count: int, low_us: int, high_us: int) -> Ints:
        """Return uniform pauses in whole milliseconds."""
        return self.rng.integers(low_us // 1_000, high_us // 1_000, count) * 1_000

    def purposes(self, count: int, texts: Sequence[str]) -> Ints:
        """Pick one of the texts per row."""
        return self.rng.choice([self.world.tables.purpose_of(text) for text in texts], count)

    def favourite(self, choices: Ints, who: Ints) -> Ints:
        """Pick one of everybody's own choices [customers, choices], the first ones more often."""
        pick = self.rng.random(len(who)) ** 2 * choices.shape[1]
        return np.asarray(choices[who, pick.astype(np.int64)])

    def shop(self, who: Ints, city: Ints) -> Ints:
        """Pick a shop in the given city: mostly a favourite at home, any elsewhere."""
        first, size = np.array([(row[0], len(row)) for row in self.world.merchants.shops_by_city]).T
        explored = first[city] + (self.rng.random(len(who)) * size[city]).astype(np.int64)
        roams = (city != self.world.customers.city[who]) | (self.rng.random(len(who)) < _ROAMING_SHARE)
        return np.where(roams, explored, self.favourite(self.world.belongings.shops, who))

    def counter(self, who: Ints) -> Ints:
        """Pick a branch counter or cash machine in everybody's home city."""
        counters = self.world.counters
        pick = self.rng.integers(0, counters.shape[1], len(who))
        return np.asarray(counters[self.world.customers.city[who], pick])

    def whereabouts(self, who: Ints, time_us: Ints) -> tuple[Ints, Mask]:
        """Return everybody's city at a time, and whether he is on the way between two cities."""
        customers = self.world.customers
        away = self._away(who, time_us)
        turned_us = np.where(away, customers.trips.from_us[who], customers.trips.to_us[who])
        since_us = time_us - turned_us
        in_transit = (since_us >= 0) & (since_us < customers.trips.transit_us[who])
        return np.where(away, customers.trips.city[who], customers.city[who]), in_transit

    def device(self, who: Ints, time_us: Ints) -> Ints:
        """Return the device in hand: mostly the first, later the new one, and the first again abroad."""
        own = self.world.belongings
        second = self.rng.random(len(who)) < _SECOND_DEVICE_SHARE
        device = own.devices[who, second.astype(np.int64)]
        device = np.where(time_us >= self.world.customers.moved_from_us[who], own.new_device[who], device)
        return np.where(self._away(who, time_us), own.away_device[who], device)

    def _away(self, who: Ints, time_us: Ints) -> Mask:
        customers = self.world.customers
        away: Mask = (time_us >= customers.trips.from_us[who]) & (time_us < customers.trips.to_us[who])
        return away
