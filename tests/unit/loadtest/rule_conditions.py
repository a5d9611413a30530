"""The conditions that the incidents are made for, written out event by event, without a care for speed."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable, Iterator

from tests.unit.loadtest.decoded_event import AMOUNTLESS, Event

HOUR, DAY = 3_600.0, 86_400.0

Hits = Iterator[Event]
Where = Callable[[Event], bool]


def _of(*kinds: str) -> Where:
    return lambda event: event.kind in kinds


def _windows(
    events: list[Event], key: str, seconds: float, where: Where
) -> Iterator[tuple[Event, list[Event]]]:
    """Yield every event that counts, with those of the same key in the window that it closes."""
    recent: dict[str, deque[Event]] = defaultdict(deque)
    for event in events:
        if where(event) and event.text(key):
            window = recent[event.text(key)]
            window.append(event)
            while window[0].at <= event.at - seconds:
                window.popleft()
            yield event, list(window)


def _distinct(events: list[Event], name: str) -> int:
    return len({event.text(name) for event in events})


def card_testing(events: list[Event]) -> Hits:
    """Six tiny card payments in ten minutes, four of them declined, at several merchants."""
    tiny = _windows(events, "card.id", 600, lambda e: e.kind == "card_payment" and e.usd <= 5)
    for event, window in tiny:
        declined = sum(other.text("status") == "declined" for other in window)
        if len(window) >= 6 and declined >= 4 and _distinct(window, "merchant.id") >= 3:
            yield event


def card_velocity(events: list[Event]) -> Hits:
    """Twelve payments with one card in ten minutes."""
    return (e for e, window in _windows(events, "card.id", 600, _of("card_payment")) if len(window) >= 12)


def device_many_cards(events: list[Event]) -> Hits:
    """Six cards on one device in an hour."""
    windows = _windows(events, "device.id", HOUR, _of("card_payment"))
    return (e for e, window in windows if _distinct(window, "card.id") >= 6)


def ip_many_customers(events: list[Event]) -> Hits:
    """Failed logins of twelve customers from one address in ten minutes."""
    windows = _windows(events, "device.ip", 600, lambda e: e.kind == "login" and e.text("status") == "failed")
    return (e for e, window in windows if _distinct(window, "debtor.id") >= 12)


def impossible_travel(events: list[Event]) -> Hits:
    """Two payments in shops with one card, more than 500 km apart and faster than 1,000 km/h."""
    in_shop = _windows(
        events, "card.id", 30 * DAY, lambda e: e.kind == "card_payment" and e.text("channel") == "pos"
    )
    for event, window in in_shop:
        if len(window) >= 2:
            km = _distance_km(window[-2], event)
            if km > 500 and km > 1_000 * (event.at - window[-2].at) / HOUR:
                yield event


def _distance_km(one: Event, other: Event) -> float:
    (lat, lon), (other_lat, other_lon) = one.place(), other.place()
    cosine = math.sin(lat) * math.sin(other_lat) + math.cos(lat) * math.cos(other_lat) * math.cos(
        lon - other_lon
    )
    return 6_371 * math.acos(min(1.0, cosine))


def new_device_high_amount(events: list[Event]) -> Hits:
    """A transfer of 3,000 from an unseen device, six times the mean, after five payments elsewhere."""
    devices: dict[str, set[str]] = defaultdict(set)
    transfers: dict[str, list[Event]] = defaultdict(list)
    payments: dict[str, int] = defaultdict(int)
    for event in events:
        debtor, device = event.text("debtor.id"), event.text("device.id")
        earlier = [other.usd for other in transfers[debtor] if other.at > event.at - 30 * DAY]
        high = earlier and event.usd >= max(3_000, 6 * sum(earlier) / len(earlier))
        unseen = device and device not in devices[debtor]
        if event.kind == "transfer" and high and unseen and payments[debtor] >= 5:
            yield event
        devices[debtor].add(device)
        payments[debtor] += event.kind not in AMOUNTLESS
        if event.kind == "transfer":
            transfers[debtor].append(event)


def account_takeover(events: list[Event]) -> Hits:
    """New device, changed profile, and within a day 1,000 to an account never paid before."""
    devices: dict[str, set[str]] = defaultdict(set)
    new_login: dict[str, float] = {}
    changed: dict[str, float] = {}
    paid: dict[str, set[str]] = defaultdict(set)
    for event in events:
        debtor, device = event.text("debtor.id"), event.text("device.id")
        if event.kind == "login" and device not in devices[debtor]:
            new_login[debtor] = event.at
        if event.kind == "profile_change" and event.at - new_login.get(debtor, -math.inf) <= DAY:
            changed[debtor] = event.at
        if event.kind == "transfer":
            account = event.text("creditor.account")
            recent = event.at - changed.get(debtor, -math.inf) <= DAY
            if recent and event.usd >= 1_000 and account not in paid[debtor]:
                yield event
            paid[debtor].add(account)
        devices[debtor].add(device)


def refund_abuse(events: list[Event]) -> Hits:
    """Five refunds in a week that give back more than 60 % of the purchases."""
    for event, window in _windows(events, "debtor.id", 7 * DAY, _of("refund", "card_payment")):
        refunds = [other.usd for other in window if other.kind == "refund"]
        bought = sum(other.usd for other in window if other.kind == "card_payment")
        if event.kind == "refund" and len(refunds) >= 5 and sum(refunds) > 0.6 * bought:
            yield event


def structuring(events: list[Event]) -> Hits:
    """Four cash deposits between 8,000 and 10,000 in a week."""
    near_limit = _windows(
        events, "debtor.id", 7 * DAY, lambda e: e.kind == "cash_deposit" and 8_000 <= e.usd <= 10_000
    )
    return (e for e, window in near_limit if len(window) >= 4)


def mule_pass_through(events: list[Event]) -> Hits:
    """An account passes on 85 to 99 % of 3,000 or more within a day, in at least two transfers."""
    received: dict[str, list[Event]] = defaultdict(list)
    for event, window in _credited(events, received):
        credits_usd = sum(e.usd for e in received[event.text("debtor.account")] if e.at > event.at - DAY)
        sent_usd = sum(other.usd for other in window)
        if credits_usd >= 3_000 and len(window) >= 2 and 0.85 <= sent_usd / credits_usd <= 0.99:
            yield event


def _credited(events: list[Event], received: dict[str, list[Event]]) -> Iterator[tuple[Event, list[Event]]]:
    """Yield the day's outgoing transfers, keeping what each account received so far."""
    for event, window in _windows(events, "debtor.account", DAY, _of("transfer")):
        yield event, window
        received[event.text("creditor.account")].append(event)


def dormant_reactivated(events: list[Event]) -> Hits:
    """A transfer of 5,000 from an account that did nothing for 90 days."""
    last: dict[str, float] = {}
    for event in events:
        account = event.text("debtor.account")
        slept = event.at - last.get(account, event.at)
        if event.kind == "transfer" and event.usd >= 5_000 and slept >= 90 * DAY:
            yield event
        last[account] = event.at


def fan_in(events: list[Event]) -> Hits:
    """Twelve accounts pay one account in a day."""
    windows = _windows(events, "creditor.account", DAY, _of("transfer"))
    return (e for e, window in windows if _distinct(window, "debtor.account") >= 12)


def fan_out(events: list[Event]) -> Hits:
    """One account pays twelve accounts in a day, after it received a large sum."""
    received: dict[str, list[Event]] = defaultdict(list)
    for event, window in _credited(events, received):
        credited = any(
            e.usd >= 5_000 and e.at > event.at - DAY for e in received[event.text("debtor.account")]
        )
        if credited and _distinct(window, "creditor.account") >= 12:
            yield event


def round_amounts(events: list[Event]) -> Hits:
    """Five transfers of whole thousands, 5,000 or more each, in a week."""
    windows = _windows(
        events, "debtor.id", 7 * DAY, lambda e: e.kind == "transfer" and e.usd >= 5_000 and e.usd % 1_000 == 0
    )
    return (e for e, window in windows if len(window) >= 5)


def high_risk_corridor(events: list[Event]) -> Hits:
    """A transfer of 2,000 to a high-risk country."""
    return (
        e
        for e in events
        if e.kind == "transfer" and e.usd >= 2_000 and e.text("creditor.country") in ("KP", "IR", "MM")
    )


def withdrawal_run(events: list[Event]) -> Hits:
    """25 redemptions at one platform in an hour, five times its rate before."""
    total: dict[str, int] = defaultdict(int)
    for event, window in _windows(events, "platform.id", HOUR, _of("redemption")):
        total[event.text("platform.id")] += 1
        before = total[event.text("platform.id")] - len(window)
        hours = max(1.0, (event.at - events[0].at) / HOUR)
        if len(window) >= max(25, 5 * before / hours):
            yield event


def illegal_fundraising(events: list[Event]) -> Hits:
    """25 investors in a day at a platform younger than three days that guarantees a return."""
    first_seen: dict[str, float] = {}
    for event in events:
        first_seen.setdefault(event.text("platform.id"), event.at)
    windows = _windows(
        events, "platform.id", DAY, lambda e: e.kind == "investment" and "guaranteed" in e.text("purpose")
    )
    for event, window in windows:
        young = event.at - first_seen[event.text("platform.id")] < 3 * DAY
        if young and _distinct(window, "debtor.id") >= 25:
            yield event


def loan_stacking(events: list[Event]) -> Hits:
    """Loans of 20,000 together from four platforms in a week."""
    for event, window in _windows(events, "debtor.id", 7 * DAY, _of("loan")):
        if _distinct(window, "platform.id") >= 4 and sum(other.usd for other in window) >= 20_000:
            yield event


def insider_snooping(events: list[Event]) -> Hits:
    """One employee opens the data of forty customers in an hour."""
    windows = _windows(events, "employee.id", HOUR, _of("data_access"))
    return (e for e, window in windows if _distinct(window, "debtor.id") >= 40)


CONDITIONS: dict[str, Callable[[list[Event]], Hits]] = {
    "FRD-CT-001": card_testing,
    "FRD-VEL-001": card_velocity,
    "FRD-VEL-002": device_many_cards,
    "FRD-VEL-003": ip_many_customers,
    "FRD-GEO-001": impossible_travel,
    "FRD-DEV-001": new_device_high_amount,
    "FRD-ATO-001": account_takeover,
    "FRD-REF-001": refund_abuse,
    "AML-STR-001": structuring,
    "AML-MUL-001": mule_pass_through,
    "AML-DOR-001": dormant_reactivated,
    "AML-FIN-001": fan_in,
    "AML-FAN-001": fan_out,
    "AML-RND-001": round_amounts,
    "AML-COR-001": high_risk_corridor,
    "PLT-RUN-001": withdrawal_run,
    "PLT-ILF-001": illegal_fundraising,
    "PLT-LIM-001": loan_stacking,
    "INS-ACC-001": insider_snooping,
}
