"""Ordinary life, vectorised: what customers, firms and employees do when nothing is wrong."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from loadtest.places import CITY_CURRENCY
from loadtest.population import World
from loadtest.rows import HOUR_US, Channel, Floats, Ints, Kind, Rows, Status, blank
from loadtest.sampling import Sampler

_HEAD_OFFICE_CITY = 0
_OFFICE_HOURS = (8.5, 17.5)
_LATEST_REFUND_US = 20 * HOUR_US

_BANKNOTE_MINOR: Ints = np.array([2_000, 1_000, 1_000, 10_000, 1_000])
"""What cash machines give, by currency."""


def _card_payments(life: Sampler, count: int) -> Rows:
    """Pay in favourite shops and on favourite sites; travellers pay where they are."""
    customers, merchants = life.world.customers, life.world.merchants
    who = life.draw(life.persons, count)
    rows = life.events(Kind.CARD_PAYMENT, who)
    city, in_transit = life.whereabouts(who, rows["time_us"])
    online = in_transit | (life.rng.random(count) < 0.35)
    merchant = np.where(online, life.favourite(life.world.belongings.sites, who), life.shop(who, city))
    usd = merchants.median_usd[merchant] * customers.means.card_scale[who] * life.noise(count, 0.35)
    life.pay(rows, usd, np.where(online, customers.currency[who], CITY_CURRENCY[city]))
    rows["merchant"], rows["card"] = merchant, who
    rows["device"] = np.where(online, rows["device"], merchants.place[np.where(online, 0, merchant)])
    rows["channel"] = np.where(online, Channel.ECOMMERCE, Channel.POS)
    rows["status"][life.rng.random(count) < 0.025] = Status.DECLINED
    _use_prepaid_cards(life, rows, city)
    return rows


def _use_prepaid_cards(life: Sampler, rows: Rows, city: Ints) -> None:
    """Turn a few payments in shops into those of a prepaid card, whose holder nobody knows."""
    paid = np.flatnonzero((rows["channel"] == Channel.POS) & (life.rng.random(len(rows)) < 0.008))
    cards = life.world.prepaid_cards
    rows["card"][paid] = cards[city[paid], life.rng.integers(0, cards.shape[1], len(paid))]
    rows["debtor"][paid] = -1


def _refunds(life: Sampler, count: int, purchases: Rows) -> Rows:
    """Give back some or all of `count` of these purchases, 2 to 20 hours after each."""
    early = purchases["time_us"] < life.world.calendar.end_us - _LATEST_REFUND_US
    paid = early & (purchases["status"] == Status.APPROVED) & (purchases["debtor"] >= 0)
    rows: Rows = purchases[life.rng.choice(np.flatnonzero(paid), count, replace=False)]
    part = np.where(life.rng.random(count) < 0.6, 1.0, life.rng.uniform(0.2, 0.9, count))
    rows["kind"], rows["device"] = Kind.REFUND, -1
    rows["amount_minor"] = np.maximum(1, rows["amount_minor"] * part)
    rows["time_us"] += life.pause_us(count, 2 * HOUR_US, _LATEST_REFUND_US)
    return rows


def _logins(life: Sampler, count: int) -> Rows:
    """Look at the account; a few mistype the password."""
    rows = life.events(Kind.LOGIN, life.draw(life.persons, count))
    rows["status"][life.rng.random(count) < 0.04] = Status.FAILED
    return rows


def _transfers(life: Sampler, count: int) -> Rows:
    """Send money to friends: half of the rows are transfers, the other half the logins before them."""
    who = life.draw(life.persons, count // 2)
    rows = life.events(Kind.TRANSFER, who)
    life.pay(rows, life.world.customers.means.transfer_usd[who] * np.minimum(life.noise(len(who), 0.5), 3.0))
    rows["creditor"] = life.favourite(life.world.belongings.friends, who)
    rows["purpose"] = life.purposes(len(who), ("dinner", "birthday gift", "concert tickets", "groceries"))
    return life.after_login(rows)


def _supplier_payments(life: Sampler, count: int) -> Rows:
    """Pay the invoices of a business to its few suppliers."""
    who = life.draw(life.businesses, count)
    rows = life.events(Kind.TRANSFER, who)
    life.pay(rows, np.clip(900 * life.noise(count, 0.7), 150, 4_900))
    rows["creditor"] = life.favourite(life.world.belongings.suppliers, who)
    rows["purpose"] = life.purposes(count, ("invoice", "delivery", "maintenance"))
    return rows


def _cash_withdrawals(life: Sampler, count: int) -> Rows:
    """Take the usual round sum from a cash machine of the home city."""
    who = life.draw(life.settled, count)
    rows = life.events(Kind.CASH_WITHDRAWAL, who, Channel.ATM)
    life.pay(rows, life.world.customers.means.cash_usd[who] * life.rng.choice([1, 1, 1, 2], count))
    note = _BANKNOTE_MINOR[rows["currency"]]
    rows["amount_minor"] = np.maximum(1, np.rint(rows["amount_minor"] / note)) * note
    rows["card"], rows["device"] = who, life.counter(who)
    return rows


def _cash_deposits(life: Sampler, count: int) -> Rows:
    """Bring the day's takings of a business, or a little cash of one's own, to the branch."""
    customers, takings = life.world.customers, count * 2 // 3
    who = np.concatenate([life.draw(life.businesses, takings), life.draw(life.settled, count - takings)])
    rows = life.events(Kind.CASH_DEPOSIT, who, Channel.BRANCH)
    usd = np.where(
        customers.business[who], customers.means.takings_usd[who], customers.means.cash_usd[who] * 3
    )
    life.pay(rows, np.minimum(usd * life.noise(count, 0.25), 7_000))
    rows["device"] = life.counter(who)
    return rows


def _investments(life: Sampler, count: int) -> Rows:
    """Put savings into the platform that one always uses."""
    members = np.flatnonzero(life.world.customers.investor)
    rows = life.platform_events(Kind.INVESTMENT, life.draw(members, count))
    life.pay(rows, np.minimum(180 * life.noise(count, 0.8), 3_000))
    rows["purpose"] = life.purposes(count, ("monthly savings plan", "index fund", "retirement", "green bond"))
    return rows


def _redemptions(life: Sampler, count: int) -> Rows:
    """Take savings out of the platform again."""
    members = np.flatnonzero(life.world.customers.investor)
    rows = life.platform_events(Kind.REDEMPTION, life.draw(members, count))
    life.pay(rows, np.minimum(300 * life.noise(count, 0.7), 5_000))
    return rows


def _loans(life: Sampler, count: int) -> Rows:
    """Lend to `count` different customers, each on his one platform."""
    rows = life.platform_events(Kind.LOAN, life.rng.choice(life.persons, count, replace=False))
    life.pay(rows, np.clip(2_500 * life.noise(count, 0.5), 500, 9_000))
    return rows


def _repayments(life: Sampler, count: int) -> Rows:
    """Pay an instalment to the platform that lent."""
    members = np.flatnonzero(life.world.customers.borrower)
    rows = life.platform_events(Kind.REPAYMENT, life.draw(members, count))
    life.pay(rows, 150 * life.noise(count, 0.3))
    return rows


def _profile_changes(life: Sampler, count: int) -> Rows:
    """Change a phone number, address or password after a login; half of the rows are these logins."""
    members = np.flatnonzero(life.world.customers.changes_profile)
    rows = life.events(Kind.PROFILE_CHANGE, life.draw(members, count // 2))
    rows["purpose"] = life.purposes(len(rows), ("phone", "address", "password"))
    return life.after_login(rows)


def _data_accesses(life: Sampler, count: int) -> Rows:
    """Open one customer's data in the course of office work."""
    rows, world = blank(count), life.world
    day = life.rng.integers(0, world.calendar.days, count)
    hour = life.rng.uniform(*_OFFICE_HOURS, count)
    rows["time_us"] = world.calendar.at(day, hour, np.full(count, _HEAD_OFFICE_CITY))
    rows["kind"], rows["channel"], rows["status"] = Kind.DATA_ACCESS, Channel.API, Status.APPROVED
    rows["employee"] = life.rng.choice(world.employees, count)
    rows["debtor"] = life.rng.integers(0, len(world.customers), count)
    return rows


def _due(life: Sampler, firm: Ints, usd: Floats) -> tuple[Ints, Ints]:
    """Return who has a monthly payment with his firm in the covered days, and on which day."""
    day = firm % 30
    who = np.flatnonzero((day < life.world.calendar.days) & (usd > 0))
    return who, day[who]


def _salaries(life: Sampler) -> Rows:
    """Pay the salary early on the employer's pay day."""
    customers, employer = life.world.customers, life.world.belongings.employer
    who, day = _due(life, employer, customers.means.salary_usd)
    rows = life.events(Kind.TRANSFER, who, Channel.API)
    rows["time_us"] = life.world.calendar.at(day, life.rng.uniform(6, 8, len(who)), customers.city[who])
    life.pay(rows, customers.means.salary_usd[who])
    rows["debtor"], rows["creditor"], rows["device"] = employer[who], who, -1
    rows["purpose"] = life.world.tables.purpose_of("salary")
    return rows


def _rents(life: Sampler) -> Rows:
    """Pay the landlord by standing order."""
    customers, landlord = life.world.customers, life.world.belongings.landlord
    who, day = _due(life, landlord, customers.means.rent_usd)
    rows = life.events(Kind.TRANSFER, who, Channel.API)
    rows["time_us"] = life.world.calendar.at(day, life.rng.uniform(8, 10, len(who)), customers.city[who])
    life.pay(rows, customers.means.rent_usd[who])
    rows["creditor"], rows["device"] = landlord[who], -1
    rows["purpose"] = life.world.tables.purpose_of("rent")
    return rows


_SHARES: tuple[tuple[Callable[[Sampler, int], Rows], float], ...] = (
    (_logins, 0.12),
    (_transfers, 0.12),
    (_supplier_payments, 0.01),
    (_cash_withdrawals, 0.03),
    (_cash_deposits, 0.015),
    (_investments, 0.03),
    (_redemptions, 0.015),
    (_loans, 0.001),
    (_repayments, 0.02),
    (_profile_changes, 0.004),
    (_data_accesses, 0.035),
)
_REFUND_SHARE = 0.008


def ordinary_life(world: World, count: int) -> Rows:
    """Draw `count` ordinary events, in no order; card payments fill what the other kinds leave."""
    life = Sampler(world)
    parts = [_salaries(life), _rents(life)]
    parts += [habit(life, int(count * share)) for habit, share in _SHARES]
    refund_count = int(count * _REFUND_SHARE)
    purchases = _card_payments(life, count - refund_count - sum(map(len, parts)))
    return np.concatenate([*parts, purchases, _refunds(life, refund_count, purchases)])
