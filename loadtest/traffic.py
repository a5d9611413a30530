"""Seeded, labelled payment traffic: ordinary life with incidents hidden in it, as JSON bytes for Kafka."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from loadtest.faults import arrival_times_us, repeat_some, spoil
from loadtest.habits import ordinary_life
from loadtest.population import World, build_world
from loadtest.rows import ABSENT, Ints, Kind, Rows
from loadtest.scenarios import Scenario, write_incidents
from loadtest.wire import Encoder, keys

EVENTS_MIN = 1_000
"""The smallest stream; a smaller population has too few people for the incidents."""


@dataclass(frozen=True)
class Incident:
    """One crime: its scenario, the rule that must find it (None: only the model can), its rows by time."""

    scenario: str
    rule: str | None
    rows: Ints


@dataclass(frozen=True)
class Traffic:
    """A stream in the order of arrival, with its labels; nothing in a payload tells a label.

    There is one entry per event in `payloads`, `keys` (the debtor's id, or the card's where no debtor is
    known), `ids`, `occurred_at_us` [events] (microseconds since 1970 UTC) and `incident` [events] (an index
    into `incidents`, -1 for innocent events). A repeated delivery carries the earlier id again and is
    innocent itself; a malformed payload keeps the id, key and time that it was meant to have.
    """

    payloads: list[bytes]
    keys: list[bytes]
    ids: list[str]
    occurred_at_us: Ints
    incident: np.ndarray[tuple[int], np.dtype[np.int32]]
    incidents: list[Incident]
    duplicates: int
    malformed: int


def generate(
    events: int, seed: int = 7, *, duplicate_share: float = 0.001, malformed_share: float = 0.0005
) -> Traffic:
    """Generate exactly `events` payloads; the same arguments give the same bytes.

    Covers 7 days at 50,000 events, and 2 to 30 days at other sizes. Nearly all events arrive in event-time
    order, about 1 in 200 up to two minutes late. Every scenario occurs at least once from 5,000 events on;
    a stream of 1,000 has the fourteen smallest (the head of `scenarios.SCENARIOS`).
    Raises ValueError below 1,000 events and for shares outside 0 to 0.1.
    """
    _check(events, duplicate_share, malformed_share)
    duplicates, malformed = math.ceil(events * duplicate_share), math.ceil(events * malformed_share)
    world = build_world(events, seed)
    rows, scenarios = _fill(world, events, duplicates, seed)
    rows, number = _deliver(world.rng, rows, duplicates)
    ids = [f"e-{seed}-{n}" for n in number.tolist()]
    payloads = Encoder(world.tables).encode(rows, ids)
    spoil(payloads, _spoilable(world.rng, rows, number, malformed))
    return Traffic(
        payloads=payloads,
        keys=keys(rows, world.tables),
        ids=ids,
        occurred_at_us=np.ascontiguousarray(rows["time_us"]),
        incident=np.ascontiguousarray(rows["incident"]),
        incidents=_incidents(rows, scenarios),
        duplicates=duplicates,
        malformed=malformed,
    )


def _check(events: int, *shares: float) -> None:
    if events < EVENTS_MIN:
        raise ValueError(f"events is {events}: the smallest stream has {EVENTS_MIN}")
    for share in shares:
        if not 0 <= share <= 0.1:
            raise ValueError(f"a share of duplicates or malformed payloads is {share}: choose 0 to 0.1")


def _fill(world: World, events: int, duplicates: int, seed: int) -> tuple[Rows, list[Scenario]]:
    """Return ordinary life, of which as many card payments as needed give way to the incidents."""
    ordinary = ordinary_life(world, events - duplicates)
    written, scenarios = write_incidents(world, ordinary, events, seed)
    payments = np.flatnonzero(ordinary["kind"] == Kind.CARD_PAYMENT)
    kept = np.delete(ordinary, world.rng.choice(payments, len(written), replace=False))
    return np.concatenate([kept, written]), scenarios


def _deliver(rng: np.random.Generator, rows: Rows, duplicates: int) -> tuple[Rows, Ints]:
    """Return the rows as they arrive, some twice, and the number of each: equal for the same event."""
    arrival_us = arrival_times_us(rng, rows)
    repeated, again_us = repeat_some(rng, rows, arrival_us, duplicates)
    source = np.concatenate([np.arange(len(rows)), repeated])
    order = np.argsort(np.concatenate([arrival_us, again_us]), kind="stable")
    position = np.empty(len(order), np.int64)
    position[order] = np.arange(len(order))
    delivered = rows[source[order]]
    delivered["incident"][order >= len(rows)] = ABSENT
    return delivered, position[source[order]]


def _spoilable(rng: np.random.Generator, rows: Rows, number: Ints, count: int) -> list[int]:
    """Choose innocent payments of known customers that are delivered once."""
    once = np.bincount(number, minlength=len(rows))[number] == 1
    fit = once & (rows["kind"] == Kind.CARD_PAYMENT) & (rows["debtor"] >= 0) & (rows["incident"] < 0)
    chosen: list[int] = np.sort(rng.choice(np.flatnonzero(fit), count, replace=False)).tolist()
    return chosen


def _incidents(rows: Rows, scenarios: list[Scenario]) -> list[Incident]:
    labelled = np.flatnonzero(rows["incident"] >= 0)
    labelled = labelled[np.lexsort((rows["time_us"][labelled], rows["incident"][labelled]))]
    ends = np.searchsorted(rows["incident"][labelled], np.arange(1, len(scenarios)))
    return [
        Incident(scenario.name, scenario.rule, found)
        for scenario, found in zip(scenarios, np.split(labelled, ends), strict=True)
    ]
