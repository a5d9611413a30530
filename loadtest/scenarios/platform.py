"""Financial platforms and the people who work with customer data."""

from __future__ import annotations

from loadtest.rows import HOUR_US, Channel, Kind
from loadtest.scenarios.draft import Draft

_PROMISES = ("guaranteed 24% a year", "guaranteed 2% a month, no risk", "guaranteed return of 30% a year")


def withdrawal_run(draft: Draft) -> None:
    """The customers of one platform take their money out all at once."""
    platform = int(draft.rng.choice(draft.world.platforms.tolist()))
    at_us = draft.moment_us(HOUR_US)
    for person in draft.crowd(draft.rng.randint(32, 42)):
        draft.add(Kind.REDEMPTION, at_us, person, draft.not_round(200, 5_000), platform=platform)
        at_us += draft.seconds_us(30, 75)


def illegal_fundraising(draft: Draft) -> None:
    """A platform that nobody knew last week collects from the public with a promise of return."""
    platform = draft.world.registry.add_platform()
    at_us = draft.moment_us(16 * HOUR_US)
    for person in draft.crowd(draft.rng.randint(32, 40)):
        purpose = draft.purpose(draft.rng.choice(_PROMISES))
        draft.add(
            Kind.INVESTMENT, at_us, person, draft.not_round(300, 2_800), platform=platform, purpose=purpose
        )
        at_us += draft.minutes_us(5, 24)


def loan_stacking(draft: Draft) -> None:
    """One person borrows from platform after platform before any of them can know."""
    borrower = draft.victim()
    lenders = draft.rng.sample(draft.world.platforms.tolist(), draft.rng.randint(5, 6))
    step_us = draft.spread_us(len(lenders), 18 * HOUR_US)
    at_us = draft.moment_us(len(lenders) * step_us, after=0.05)
    for platform in lenders:
        draft.add(Kind.LOAN, at_us, borrower, draft.not_round(5_600, 9_000), platform=platform)
        at_us += int(step_us * draft.rng.uniform(0.8, 1))


def insider_snooping(draft: Draft) -> None:
    """An employee pages through the data of customers he has no business with."""
    employee = int(draft.rng.choice(draft.world.employees.tolist()))
    at_us = draft.moment_us(HOUR_US)
    for person in draft.crowd(draft.rng.randint(50, 62)):
        columns = {"employee": employee, "device": -1, "channel": Channel.API}
        draft.add(Kind.DATA_ACCESS, at_us, person, **columns)
        at_us += draft.seconds_us(20, 45)
