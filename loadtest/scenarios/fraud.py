"""Fraud: stolen cards, stolen accounts, and refunds that were never due."""

from __future__ import annotations

from loadtest.places import DISTANCE_KM
from loadtest.rows import HOUR_US, Channel, Kind, Status
from loadtest.scenarios.draft import Draft


def card_testing(draft: Draft) -> None:
    """A thief tries a card number with small payments at many merchants; most are declined."""
    thief = draft.on_new_device(draft.victim())
    sites = draft.sites(5)
    at_us = draft.moment_us(HOUR_US)
    for turn in range(draft.rng.randint(8, 10)):
        status = Status.APPROVED if turn % 4 == 3 else Status.DECLINED
        usd = draft.rng.uniform(0.6, 3.4)
        merchant = sites[turn % len(sites)]
        draft.add(
            Kind.CARD_PAYMENT, at_us, thief, usd, merchant=merchant, status=status, channel=Channel.ECOMMERCE
        )
        at_us += draft.seconds_us(15, 40)


def card_velocity(draft: Draft) -> None:
    """A stolen card is used up within minutes, before it is blocked."""
    thief = draft.on_new_device(draft.victim())
    sites = draft.sites(3)
    at_us = draft.moment_us(HOUR_US)
    for _ in range(draft.rng.randint(15, 19)):
        usd = draft.rng.uniform(18, 90)
        merchant = draft.rng.choice(sites)
        draft.add(Kind.CARD_PAYMENT, at_us, thief, usd, merchant=merchant, channel=Channel.ECOMMERCE)
        at_us += draft.seconds_us(10, 28)


def device_many_cards(draft: Draft) -> None:
    """One device pays with the cards of many people."""
    device = draft.on_new_device(draft.outsider()).device
    at_us = draft.moment_us(HOUR_US)
    for person in draft.crowd(draft.rng.randint(9, 12)):
        columns = {"merchant": draft.sites(1)[0], "device": device, "channel": Channel.ECOMMERCE}
        draft.add(Kind.CARD_PAYMENT, at_us, person, draft.rng.uniform(60, 300), **columns)
        at_us += draft.seconds_us(60, 150)


def ip_many_customers(draft: Draft) -> None:
    """Leaked passwords are tried on many accounts from one address."""
    ip = draft.world.registry.ip()
    devices = [draft.world.registry.add_device(0, ip=ip) for _ in range(3)]
    at_us = draft.moment_us(HOUR_US)
    for person in draft.crowd(draft.rng.randint(17, 24)):
        draft.add(Kind.LOGIN, at_us, person, device=draft.rng.choice(devices), status=Status.FAILED)
        at_us += draft.seconds_us(5, 15)


def impossible_travel(draft: Draft) -> None:
    """A copied card pays far away while its owner is still at home."""
    who, from_us = draft.cast.take_quiet()
    owner = draft.customer(who)
    far = [city for city, km in enumerate(DISTANCE_KM[owner.city].tolist()) if 4_000 < km < 11_000]
    at_us = from_us + draft.minutes_us(30, 90)
    draft.add(Kind.CARD_PAYMENT, at_us, owner, draft.not_round(10, 60), **draft.in_shop(owner.city))
    at_us += draft.minutes_us(25, 50)
    draft.add(
        Kind.CARD_PAYMENT, at_us, owner, draft.not_round(90, 400), **draft.in_shop(draft.rng.choice(far))
    )


def new_device_high_amount(draft: Draft) -> None:
    """Somebody with small transfers sends a large one from a device never seen before."""
    customers = draft.world.customers
    owner = draft.victim((customers.means.rent_usd == 0) & (customers.means.transfer_usd < 100))
    habit_usd = float(customers.means.transfer_usd[owner.party])
    friend = int(draft.world.belongings.friends[owner.party, 0])
    at_us = draft.local_us(owner.city, draft.rng.uniform(12, 20), after=0.5)
    past = draft.history()
    for turn in range(7):
        earlier_us = at_us - (turn + 1) * draft.spread_us(20, 20 * HOUR_US) - draft.minutes_us(1, 60)
        past.add(Kind.TRANSFER, earlier_us, owner, habit_usd * draft.rng.uniform(0.7, 1.3), creditor=friend)
    thief = draft.on_new_device(owner)
    usd = max(3_900.0, 12 * habit_usd) + draft.not_round(100, 900)
    draft.add(Kind.TRANSFER, at_us, thief, usd, creditor=draft.outsider().party)


def account_takeover(draft: Draft) -> None:
    """A stranger logs in on a new device, changes the contact data, and sends the money away."""
    thief = draft.on_new_device(draft.victim())
    at_us = draft.moment_us(14 * HOUR_US)
    draft.add(Kind.LOGIN, at_us, thief)
    at_us += draft.minutes_us(4, 20)
    draft.add(
        Kind.PROFILE_CHANGE, at_us, thief, purpose=draft.purpose(draft.rng.choice(["phone", "password"]))
    )
    at_us += draft.minutes_us(40, 12 * 60)
    draft.add(Kind.TRANSFER, at_us, thief, draft.not_round(1_600, 4_800), creditor=draft.outsider().party)


def refund_abuse(draft: Draft) -> None:
    """A new customer buys, and claims nearly everything back."""
    shopper = draft.newcomer()
    count = draft.rng.randint(8, 9)
    at_us = draft.moment_us(2 * count * 1.8 * HOUR_US, after=0.05)
    basket = [(site, draft.not_round(130, 300)) for site in draft.sites(count)]
    for site, usd in basket:
        draft.add(Kind.CARD_PAYMENT, at_us, shopper, usd, merchant=site, channel=Channel.ECOMMERCE)
        at_us += draft.minutes_us(40, 100)
    for site, usd in basket[1:]:
        draft.add(
            Kind.REFUND, at_us, shopper, usd * 0.95, merchant=site, device=-1, channel=Channel.ECOMMERCE
        )
        at_us += draft.minutes_us(40, 100)
