"""Innocent people who look guilty at first sight: each satisfies all of a rule's conditions but one."""

from __future__ import annotations

from loadtest.rows import DAY_US, HOUR_US, Channel, Currency, Kind, Status
from loadtest.scenarios.draft import Draft


def vending_machines(draft: Draft) -> None:
    """Several tiny payments within minutes, all of them approved."""
    person = draft.victim()
    at_us = draft.local_us(person.city, draft.rng.uniform(10, 15))
    for _ in range(7):
        shop = draft.in_shop(person.city)
        draft.add(Kind.CARD_PAYMENT, at_us, person, draft.rng.uniform(1, 4), **shop)
        at_us += draft.seconds_us(40, 70)


def forgotten_password(draft: Draft) -> None:
    """Many failed logins from one address, all of one customer."""
    person = draft.victim()
    at_us = draft.local_us(person.city, draft.rng.uniform(9, 20))
    for turn in range(15):
        status = Status.APPROVED if turn == 14 else Status.FAILED
        draft.add(Kind.LOGIN, at_us, person, status=status)
        at_us += draft.seconds_us(10, 35)


def new_phone(draft: Draft) -> None:
    """A login on a new device and a new phone number, then a small transfer to a friend."""
    person = draft.victim(draft.world.customers.means.rent_usd == 0)
    friend = int(draft.world.belongings.friends[person.party, 0])
    at_us = draft.local_us(person.city, draft.rng.uniform(10, 15))
    owner = draft.on_new_device(person)
    draft.add(Kind.LOGIN, at_us, owner)
    at_us += draft.minutes_us(4, 20)
    draft.add(Kind.PROFILE_CHANGE, at_us, owner, purpose=draft.purpose("phone"))
    at_us += draft.minutes_us(30, 120)
    draft.add(Kind.TRANSFER, at_us, owner, draft.not_round(30, 200), creditor=friend)


def new_car(draft: Draft) -> None:
    """One transfer far above the habit, from the device that has been in use for long."""
    person = draft.victim()
    at_us = draft.local_us(person.city, draft.rng.uniform(10, 18), after=0.5)
    draft.add(Kind.LOGIN, at_us - 20 * HOUR_US, person)
    draft.add(Kind.TRANSFER, at_us, person, draft.not_round(9_000, 20_000), creditor=draft.outsider().party)


def picky_shopper(draft: Draft) -> None:
    """Six refunds within days, small against what was kept."""
    shopper = draft.newcomer()
    sites = draft.sites(9)
    at_us = draft.moment_us(32 * HOUR_US, after=0.05)
    for site in sites:
        purchase = {"merchant": site, "channel": Channel.ECOMMERCE}
        draft.add(Kind.CARD_PAYMENT, at_us, shopper, draft.not_round(120, 260), **purchase)
        at_us += draft.minutes_us(40, 120)
    for site in sites[:6]:
        back = {"merchant": site, "channel": Channel.ECOMMERCE, "device": -1}
        draft.add(Kind.REFUND, at_us, shopper, draft.not_round(20, 50), **back)
        at_us += draft.minutes_us(40, 120)


def cash_heavy_shop(draft: Draft) -> None:
    """Daily takings in cash; only one of them lies just under the reporting limit."""
    owner = draft.business(Currency.USD)
    step_us = draft.spread_us(5, 20 * HOUR_US)
    at_us = draft.moment_us(5 * step_us, after=0.05)
    for usd in (6_140, 7_480, 9_210, 11_350, 5_900):
        counter = draft.at_counter(owner.city, Channel.BRANCH)
        draft.add(Kind.CASH_DEPOSIT, at_us, owner, usd + draft.rng.randrange(0, 300, 10), **counter)
        at_us += int(step_us)


def back_from_abroad(draft: Draft) -> None:
    """An account that slept for months pays a small bill."""
    owner, payee = draft.newcomer(), draft.outsider().party
    asleep_us = draft.world.calendar.start_us - draft.rng.uniform(97, 104) * DAY_US
    draft.add(Kind.TRANSFER, asleep_us, owner, draft.not_round(20, 90), creditor=payee)
    draft.add(Kind.TRANSFER, draft.moment_us(), owner, draft.not_round(60, 240), creditor=payee)


def family_remittance(draft: Draft) -> None:
    """Small sums to a relative in a country of the high-risk list."""
    payer, relative = draft.victim(), draft.outsider("MM").party
    at_us = draft.moment_us(30 * HOUR_US)
    for _ in range(2):
        draft.add(Kind.TRANSFER, at_us, payer, draft.not_round(100, 400), creditor=relative)
        at_us += draft.minutes_us(20 * 60, 28 * 60)


def honest_start_up(draft: Draft) -> None:
    """A new platform finds a dozen investors without promising anything."""
    platform = draft.world.registry.add_platform()
    at_us = draft.moment_us(20 * HOUR_US)
    for person in draft.crowd(12):
        columns = {"platform": platform, "purpose": draft.purpose("solar park share")}
        draft.add(Kind.INVESTMENT, at_us, person, draft.not_round(100, 1_500), **columns)
        at_us += draft.minutes_us(20, 90)


def two_loans(draft: Draft) -> None:
    """A second loan, from another platform, tops up the first."""
    borrower = draft.victim()
    at_us = draft.moment_us(20 * HOUR_US)
    for lender in draft.rng.sample(draft.world.platforms.tolist(), 2):
        draft.add(Kind.LOAN, at_us, borrower, draft.not_round(4_000, 9_000), platform=lender)
        at_us += draft.minutes_us(300, 1_000)


def auditor(draft: Draft) -> None:
    """An employee opens data sixty times within an hour, always that of the same few customers."""
    employee = int(draft.rng.choice(draft.world.employees.tolist()))
    audited = draft.crowd(6)
    at_us = draft.moment_us(HOUR_US)
    for turn in range(60):
        columns = {"employee": employee, "device": -1, "channel": Channel.API}
        draft.add(Kind.DATA_ACCESS, at_us, audited[turn % 6], **columns)
        at_us += draft.seconds_us(20, 50)


NEAR_MISSES = (
    vending_machines,
    forgotten_password,
    new_phone,
    new_car,
    picky_shopper,
    cash_heavy_shop,
    back_from_abroad,
    family_remittance,
    honest_start_up,
    two_loans,
    auditor,
)
