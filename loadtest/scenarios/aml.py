"""Money laundering: placing cash, moving it through accounts, and sending it where nobody looks."""

from __future__ import annotations

from loadtest.rows import DAY_US, HOUR_US, Channel, Currency, Kind
from loadtest.scenarios.draft import Draft

_CORRIDOR_COUNTRIES = ("KP", "IR", "MM")


def structuring(draft: Draft) -> None:
    """One sum of cash is paid in as several deposits, each under the reporting limit."""
    depositor = draft.victim(draft.world.customers.currency == Currency.USD)
    count = draft.rng.randint(5, 7)
    step_us = draft.spread_us(count, 20 * HOUR_US)
    at_us = draft.moment_us(count * step_us, after=0.05)
    for _ in range(count):
        usd = draft.rng.randrange(8_300, 9_700, 10)
        counter = draft.at_counter(depositor.city, Channel.BRANCH)
        draft.add(Kind.CASH_DEPOSIT, at_us, depositor, usd, **counter)
        at_us += int(step_us * draft.rng.uniform(0.8, 1))


def mule_pass_through(draft: Draft) -> None:
    """A fresh account receives a sum and passes nearly all of it on within hours."""
    mule = draft.newcomer()
    at_us = draft.moment_us(18 * HOUR_US)
    received_usd = draft.not_round(5_200, 12_000)
    draft.add(Kind.TRANSFER, at_us, draft.outsider(), received_usd, creditor=mule.party)
    count = draft.rng.randint(3, 4)
    for _ in range(count):
        at_us += draft.minutes_us(40, 240)
        usd = received_usd * draft.rng.uniform(0.90, 0.96) / count
        draft.add(Kind.TRANSFER, at_us, mule, usd, creditor=draft.outsider().party)


def dormant_reactivated(draft: Draft) -> None:
    """An account that slept for months suddenly sends large sums."""
    owner = draft.newcomer()
    earlier_us = draft.world.calendar.start_us - draft.rng.uniform(97, 104) * DAY_US
    payee = draft.outsider().party
    draft.history().add(Kind.TRANSFER, earlier_us, owner, draft.not_round(20, 90), creditor=payee)
    at_us = draft.moment_us(6 * HOUR_US)
    for _ in range(draft.rng.randint(1, 2)):
        usd = draft.not_round(6_600, 14_000)
        draft.add(Kind.TRANSFER, at_us, owner, usd, creditor=draft.outsider().party)
        at_us += draft.minutes_us(30, 240)


def fan_in(draft: Draft) -> None:
    """One account collects from many people within a day."""
    collector = draft.outsider().party
    at_us = draft.moment_us(17 * HOUR_US)
    for person in draft.crowd(draft.rng.randint(15, 20)):
        draft.add(Kind.TRANSFER, at_us, person, draft.not_round(150, 800), creditor=collector)
        at_us += draft.minutes_us(10, 50)


def fan_out(draft: Draft) -> None:
    """A large credit is scattered over many accounts."""
    spreader = draft.newcomer()
    at_us = draft.moment_us(13 * HOUR_US)
    received_usd = draft.not_round(18_000, 40_000)
    draft.add(Kind.TRANSFER, at_us, draft.outsider(), received_usd, creditor=spreader.party)
    for _ in range(draft.rng.randint(15, 19)):
        at_us += draft.minutes_us(10, 40)
        usd = received_usd * draft.rng.uniform(0.028, 0.040)
        draft.add(Kind.TRANSFER, at_us, spreader, usd, creditor=draft.outsider().party)


def round_amounts(draft: Draft) -> None:
    """Payments for nothing in particular, always whole thousands."""
    payer = draft.victim(draft.world.customers.currency == Currency.USD)
    payee = draft.outsider().party
    count = draft.rng.randint(6, 8)
    step_us = draft.spread_us(count, 20 * HOUR_US)
    at_us = draft.moment_us(count * step_us, after=0.05)
    for _ in range(count):
        usd = 1_000 * draft.rng.randint(5, 9)
        draft.add(Kind.TRANSFER, at_us, payer, usd, creditor=payee, purpose=draft.purpose("consulting"))
        at_us += int(step_us * draft.rng.uniform(0.8, 1))


def high_risk_corridor(draft: Draft) -> None:
    """Money goes to a country under a call for action."""
    payer = draft.victim()
    payee = draft.outsider(draft.rng.choice(_CORRIDOR_COUNTRIES)).party
    at_us = draft.moment_us(20 * HOUR_US)
    for _ in range(draft.rng.randint(2, 3)):
        draft.add(Kind.TRANSFER, at_us, payer, draft.not_round(2_600, 7_000), creditor=payee)
        at_us += draft.minutes_us(120, 480)
