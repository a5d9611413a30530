"""What no rule covers: each breaks a person's own habits and stays below every threshold."""

from __future__ import annotations

from loadtest.places import CITIES
from loadtest.rows import HOUR_US, MINUTE_US, Channel, Kind
from loadtest.scenarios.draft import Draft


def odd_hours_spree(draft: Draft) -> None:
    """Somebody who sleeps at night buys dear things abroad from three o'clock on."""
    sleeper = draft.victim()
    world, country = draft.world, CITIES[sleeper.city].country
    city_of = world.merchants.city
    known = set(world.belongings.sites[sleeper.party].tolist())
    foreign = [
        site
        for site in world.merchants.sites.tolist()
        if site not in known and CITIES[int(city_of[site])].country != country
    ]
    habit_usd = 28 * float(world.customers.means.card_scale[sleeper.party])
    at_us = draft.local_us(sleeper.city, 3.0)
    for site in draft.rng.sample(foreign, draft.rng.randint(5, 8)):
        usd = habit_usd * draft.rng.uniform(5, 15)
        draft.add(Kind.CARD_PAYMENT, at_us, sleeper, usd, merchant=site, channel=Channel.ECOMMERCE)
        at_us += draft.minutes_us(12.2, 13.5)


def slow_drain(draft: Draft) -> None:
    """An account is emptied in patient middling steps to one new payee."""
    owner = draft.victim(draft.world.customers.means.transfer_usd < 200)
    habit_usd = float(draft.world.customers.means.transfer_usd[owner.party])
    payee = draft.outsider().party
    at_us = draft.moment_us(13 * HOUR_US)
    for _ in range(draft.rng.randint(8, 11)):
        usd = draft.not_round(3 * habit_usd, 6 * habit_usd)
        draft.add(Kind.TRANSFER, at_us, owner, usd, creditor=payee)
        at_us += draft.minutes_us(55, 70)


def cash_out_burst(draft: Draft) -> None:
    """In one evening the card visits cash machine after cash machine."""
    owner = draft.victim()
    habit_usd = float(draft.world.customers.means.cash_usd[owner.party])
    at_us = draft.local_us(owner.city, draft.rng.uniform(18, 19.5))
    for _ in range(draft.rng.randint(4, 7)):
        usd = round(max(habit_usd * draft.rng.uniform(8, 12), 300) / 20) * 20
        draft.add(Kind.CASH_WITHDRAWAL, at_us, owner, usd, **draft.at_counter(owner.city, Channel.ATM))
        at_us += 15 * MINUTE_US + draft.minutes_us(1, 15)
