"""The streams on which rules, model and both are compared: the handbook's, fraudtwin's, the demo's."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from fraudstream.engine.step import Settings
from fraudstream.rules.ruleset import Ruleset
from fraudstream.stores.rule_directory import load_ruleset
from loadtest.quality.budget import Stream
from loadtest.quality.comparison import Contest, said_keys
from loadtest.quality.data import DAY_US
from loadtest.quality.fraudtwin import Worlds
from loadtest.quality.fraudtwin_product import RULES
from loadtest.quality.handbook_models import VALIDATION_DAYS, Stage
from loadtest.quality.metrics import CARDS_A_DAY
from loadtest.quality.passes import Said, run
from loadtest.quality.windows import Integers
from loadtest.traffic import Traffic, generate

FED_BY_LABELS = {"HBK-TRM-001"}
"""The rules of the handbook that read labels."""
DEMO_EVENTS, DEMO_SEEDS = 100_000, (11, 12, 13, 14, 15)
DEMO_FROM_DAY = 2
"""Before, the demo's model warms up, and windows fill."""
FIRST_WORLD, FIRST_TESTED_WORLD = 2, 4
"""Before, nothing has been learned; and from which one on is tested, of eight."""
_BATCH = 500


def of_handbook(stage: Stage, said: Said) -> tuple[Contest, Contest]:
    """Return the handbook's contests, 100 payments a day: with labels, and where none is ever read."""
    payments = stage.payments
    stream = Stream(
        period=payments.day,
        entity=payments.card,
        amount=payments.amount / 100,
        fraud=payments.fraud,
        case=np.arange(len(payments.day)),
    )
    earlier = np.unique(np.concatenate([stage.weeks[days] for days in VALIDATION_DAYS]))
    rules = said.of_no_model()
    keys = (
        said_keys(said, rules, "MOD-LRN-001", "learned"),
        said_keys(said, rules - FED_BY_LABELS, "MOD-UNU-001", "unusual"),
    )
    titles = ("handbook, test week, with labels", "handbook, test week, without labels")
    with_labels, without = (
        Contest(title, stream, each, earlier, stage.weeks[0], CARDS_A_DAY)
        for title, each in zip(titles, keys, strict=True)
    )
    return with_labels, without


def of_fraudtwin(worlds: Worlds, said: Said) -> Contest:
    """Return the contest on fraudtwin: the project's own rules, 1 % of the payments of each world."""
    stream = Stream(
        period=worlds.world,
        entity=worlds.payer,
        amount=worlds.amount / 100,
        fraud=worlds.fraud,
        case=np.arange(len(worlds.world)),
    )
    learned = (worlds.world >= FIRST_WORLD) & (worlds.world < FIRST_TESTED_WORLD)
    return Contest(
        "fraudtwin, last four worlds, the project's rules",
        stream,
        said_keys(said, said.of_no_model(), "MOD-LRN-001", "learned"),
        np.flatnonzero(learned),
        np.flatnonzero(worlds.world >= FIRST_TESTED_WORLD),
        budget=len(worlds.world) // len(np.unique(worlds.world)) // 100,
        unit="world",
    )


def of_demo(
    events: int = DEMO_EVENTS, seeds: Sequence[int] = DEMO_SEEDS, rules: Path = RULES
) -> tuple[Contest, str]:
    """Return the contest on the demo's traffic, 1 % of a day's events, and the traffic's hash.

    Each seed's traffic goes through an engine of its own; their days, payers and incidents are put side by
    side, since how many incidents of which kind the days have differs much from seed to seed.
    """
    ruleset = load_ruleset(rules)
    digest = hashlib.sha256()
    worlds = []
    for seed in seeds:
        traffic = generate(events, seed)
        digest.update(b"\n".join(traffic.payloads))
        worlds.append(_demo_world(traffic, ruleset))
    return _side_by_side(worlds), digest.hexdigest()[:12]


def _demo_world(traffic: Traffic, ruleset: Ruleset) -> Contest:
    events = len(traffic.payloads)
    turns = (((), traffic.payloads[start : start + _BATCH]) for start in range(0, events, _BATCH))
    said = run(ruleset, Settings(), events, turns)
    day = _days(traffic)
    tested_from = DEMO_FROM_DAY + (int(day.max()) + 1 - DEMO_FROM_DAY) // 2
    return Contest(
        "demo traffic, second half, the project's rules",
        _demo_stream(traffic, day),
        said_keys(said, said.of_no_model(), "MOD-ANO-001", "anomaly"),
        np.flatnonzero((day >= DEMO_FROM_DAY) & (day < tested_from)),
        np.flatnonzero(day >= tested_from),
        budget=events // (int(day.max()) + 1) // 100,
    )


def _side_by_side(worlds: Sequence[Contest]) -> Contest:
    """Return one contest of several that have nothing in common but their ways and the length of a day."""
    streams = [world.stream for world in worlds]
    begins = np.cumsum([0, *(len(stream.fraud) for stream in streams)])
    first = worlds[0]
    return replace(
        first,
        stream=Stream(
            period=_apart([stream.period for stream in streams]),
            entity=_apart([stream.entity for stream in streams]),
            amount=np.concatenate([stream.amount for stream in streams]),
            fraud=np.concatenate([stream.fraud for stream in streams]),
            case=_apart([stream.case for stream in streams]),
        ),
        keys={name: np.concatenate([world.keys[name] for world in worlds]) for name in first.keys},
        earlier=np.concatenate([at + world.earlier for at, world in zip(begins, worlds, strict=False)]),
        test=np.concatenate([at + world.test for at, world in zip(begins, worlds, strict=False)]),
    )


def _apart(numbers: Sequence[Integers]) -> Integers:
    """Return numbers of several worlds one after the other, so that no two worlds have one in common."""
    begins = np.cumsum([0, *(int(each.max()) + 1 for each in numbers)])
    return np.concatenate([at + each for at, each in zip(begins, numbers, strict=False)])


def _days(traffic: Traffic) -> Integers:
    """Return the day of each event, by when it came: a few are dated long before the first day."""
    day = traffic.occurred_at_us // DAY_US
    first = int(np.percentile(day, 1))
    return np.maximum.accumulate(np.maximum(day - first, 0))


def _demo_stream(traffic: Traffic, day: Integers) -> Stream:
    innocent = len(traffic.incidents) + np.arange(len(day))
    return Stream(
        period=day,
        entity=np.unique(traffic.keys, return_inverse=True)[1],
        amount=_usd(traffic.payloads, traffic.incident),
        fraud=traffic.incident >= 0,
        case=np.where(traffic.incident >= 0, traffic.incident, innocent),
    )


def _usd(payloads: Sequence[bytes], incident: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the dollars of the payments of incidents, which alone count, at one rate a currency."""
    amounts = np.zeros(len(payloads))
    for row in np.flatnonzero(incident >= 0).tolist():
        event = orjson.loads(payloads[row])
        amounts[row] = (event.get("amount") or 0.0) / _PER_USD[event.get("currency") or "USD"]
    return amounts


_PER_USD = {"USD": 1, "EUR": 0.924, "GBP": 0.783, "CNY": 7.189, "JPY": 151.353}
"""As in rules/rates.yml; other currencies do not occur."""
