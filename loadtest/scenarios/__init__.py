"""The incidents that are hidden in the traffic, each with the rule that must find it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import numpy as np

from loadtest.population import World
from loadtest.rows import ABSENT, Rows
from loadtest.scenarios import aml, fraud, platform, unknown
from loadtest.scenarios.draft import Cast, Draft
from loadtest.scenarios.near_misses import NEAR_MISSES

FULL_CAST_EVENTS_MIN = 5_000
"""From this size on every scenario and every near miss occurs."""

_SMALL_STREAM_SHARE = 0.1


@dataclass(frozen=True)
class Scenario:
    """A crime pattern: the rule that must find it (None: only the model can), and its most events."""

    rule: str | None
    size: int
    write: Callable[[Draft], None]

    @property
    def name(self) -> str:
        """The name under which results are reported."""
        return self.write.__name__


SCENARIOS = (
    Scenario("FRD-GEO-001", 2, fraud.impossible_travel),
    Scenario("AML-DOR-001", 3, aml.dormant_reactivated),
    Scenario("FRD-ATO-001", 3, fraud.account_takeover),
    Scenario("AML-COR-001", 3, aml.high_risk_corridor),
    Scenario("AML-MUL-001", 5, aml.mule_pass_through),
    Scenario("PLT-LIM-001", 6, platform.loan_stacking),
    Scenario("AML-STR-001", 7, aml.structuring),
    Scenario(None, 7, unknown.cash_out_burst),
    Scenario("AML-RND-001", 8, aml.round_amounts),
    Scenario(None, 8, unknown.odd_hours_spree),
    Scenario("FRD-DEV-001", 9, fraud.new_device_high_amount),
    Scenario("FRD-CT-001", 10, fraud.card_testing),
    Scenario(None, 11, unknown.slow_drain),
    Scenario("FRD-VEL-002", 12, fraud.device_many_cards),
    Scenario("FRD-REF-001", 17, fraud.refund_abuse),
    Scenario("FRD-VEL-001", 19, fraud.card_velocity),
    Scenario("AML-FIN-001", 20, aml.fan_in),
    Scenario("AML-FAN-001", 20, aml.fan_out),
    Scenario("FRD-VEL-003", 24, fraud.ip_many_customers),
    Scenario("PLT-ILF-001", 40, platform.illegal_fundraising),
    Scenario("PLT-RUN-001", 42, platform.withdrawal_run),
    Scenario("INS-ACC-001", 62, platform.insider_snooping),
)
"""Every scenario, the smallest first."""


def repetitions(events: int) -> int:
    """Return how often each scenario occurs: once at 5,000 events, 3 times at 50,000, 48 at 2,000,000."""
    return max(1, round(3 * math.pow(events / 50_000, 0.75)))


def scenarios_for(events: int) -> list[Scenario]:
    """Return the scenarios that occur: below 5,000 events the smallest, up to a tenth of the stream."""
    if events >= FULL_CAST_EVENTS_MIN:
        return list(SCENARIOS)
    filled = np.cumsum([scenario.size for scenario in SCENARIOS])
    return list(SCENARIOS[: int(np.searchsorted(filled, events * _SMALL_STREAM_SHARE, side="right"))])


def write_incidents(world: World, ordinary: Rows, events: int, seed: int) -> tuple[Rows, list[Scenario]]:
    """Return the rows of all incidents, histories and near misses, and the scenario of each incident.

    `incident` of a row is the index into that list, and -1 in histories and near misses, which are innocent.
    """
    rng = Random(f"incidents {seed}")
    cast = Cast(world, ordinary, rng)
    incidents = scenarios_for(events) * repetitions(events)
    drafts = [Draft(world, cast, rng, number) for number in range(len(incidents))]
    for draft, scenario in zip(drafts, incidents, strict=True):
        scenario.write(draft)
    if events >= FULL_CAST_EVENTS_MIN:
        for write in NEAR_MISSES * repetitions(events):
            drafts.append(Draft(world, cast, rng, ABSENT))
            write(drafts[-1])
    return np.concatenate([draft.rows() for draft in drafts]), incidents
