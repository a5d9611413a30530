"""The fraudtwin worlds, one after the other: bursts of fraud in the first minute, when no entity has a past.

No label is known before a day later, most after two: what one world teaches can only help in the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from loadtest.quality.anomaly_models import DETECTORS
from loadtest.quality.windows import EVER, Integers, days, sliding

SEED = 1
ALERTED = 0.01
SILENT_US = days(3)
_APART_US = days(10)
_MINUTE_US = 60_000_000
_WINDOWS = {"1m": _MINUTE_US, "10m": 10 * _MINUTE_US, "1h": 60 * _MINUTE_US, "1d": days(1)}


@dataclass(frozen=True)
class Worlds:
    """Payments by world and time, and the answers: the scenario of a fraud or of a hard negative, else empty.

    Every array is [n]; `amount` is in minor units, at least 0, `card` -1 where none was used. `known_us` is
    when it became known what a payment was; of most nobody ever says a word, and they count as genuine three
    days later: every fraud is told within 51 hours.
    """

    time_us: Integers
    world: Integers
    payer: Integers
    payee: Integers
    card: Integers
    amount: Integers
    known_us: Integers
    scenario: NDArray[np.str_]
    fraud: NDArray[np.bool_]


@dataclass(frozen=True)
class Recall:
    """What one detector finds where the highest hundredth of all scores is alerted."""

    detector: str
    recall: float
    by_scenario: dict[str, float]
    hard_negatives: float
    score: NDArray[np.float64]


def load_worlds(payments: Path, records: Path, labels: Path) -> Worlds:
    """Read the payments, each once, what they were, and when that became known."""
    names = [
        "world",
        "payment_id",
        "initiated_at",
        "payer_account_id",
        "payee_account_id",
        "merchant_id",
        "card_id",
        "amount",
    ]
    rows = {(row["world"], row["payment_id"]): row for row in _rows(payments, names)}
    ordered = sorted(rows.values(), key=lambda row: (row["world"], row["initiated_at"]))
    answers = {(row["world"], row["payment_id"]): row for row in _rows(records)}
    found = [answers.get((row["world"], row["payment_id"])) for row in ordered]
    world = np.unique([row["world"] for row in ordered], return_inverse=True)[1]
    since = _times_us([row["initiated_at"] for row in ordered])
    amount = np.array([max(row["amount"], 0.0) for row in ordered])
    told = {(row["world"], row["payment_id"]): row["label_available_at"] for row in _rows(labels)}
    known = [told.get((row["world"], row["payment_id"])) for row in ordered]
    at = _times_us([time or row["initiated_at"] for time, row in zip(known, ordered, strict=True)])
    silent_us = np.array([0 if time else SILENT_US for time in known])
    return Worlds(
        time_us=since - since.min() + world * _APART_US,
        world=world,
        payer=_numbered([(row["world"], row["payer_account_id"]) for row in ordered]),
        payee=_numbered([(row["world"], row["payee_account_id"] or row["merchant_id"]) for row in ordered]),
        card=_cards(ordered),
        amount=np.rint(amount * 100).astype(np.int64),
        known_us=at + silent_us - since.min() + world * _APART_US,
        scenario=np.array([row["scenario_type"] if row else "" for row in found]),
        fraud=np.array([bool(row and row["fraud_truth"]) for row in found]),
    )


def velocities(worlds: Worlds) -> dict[str, NDArray[np.float64]]:
    """Read at every payment how busy its payer and its payee are, and how it fits the payer."""
    time, amount = worlds.time_us, worlds.amount
    named = {"amount": np.log1p(amount / 100)}
    for name, entity in (("payer", worlds.payer), ("payee", worlds.payee)):
        for length, window in _WINDOWS.items():
            named[f"{name}_{length}"] = np.log1p(sliding(time, entity, amount, window, 0).events - 1)
    own = sliding(time, worlds.payer, amount, EVER, 0)
    mean = (own.total - amount) / np.maximum(own.events - 1, 1)
    named["amount_ratio"] = np.where(own.events > 3, np.log((amount + 100) / (mean + 100)), 0.0)
    pair = _numbered([*zip(worlds.payer.tolist(), worlds.payee.tolist(), strict=True)])
    new = (sliding(time, pair, amount, EVER, 0).events == 1).astype(np.int64)
    named["new_payee"] = new.astype(np.float64)
    named["new_payees_1h"] = np.log1p(sliding(time, worlds.payer, new, _WINDOWS["1h"], 0).total - new)
    return named


def measured(worlds: Worlds) -> Iterator[Recall]:
    """Measure every detector, and one plain count beside them."""
    named = velocities(worlds)
    x = np.column_stack([*named.values()])
    for name, detector in DETECTORS.items():
        yield recall(name, worlds, detector(x, SEED))
    yield recall("payer's payments of the last minute", worlds, named["payer_1m"])


def recall(
    name: str, worlds: Worlds, score: NDArray[np.float64], within: NDArray[np.bool_] | None = None
) -> Recall:
    """Alert the highest scores, of equal ones the earlier, and see what they were; NaN is never alerted."""
    inside = np.ones(len(score), np.bool_) if within is None else within
    ranked = np.where(inside, np.nan_to_num(score, nan=-np.inf), -np.inf)
    alerted = np.zeros(len(score), np.bool_)
    alerted[np.argsort(-ranked, kind="stable")[: int(ALERTED * inside.sum())]] = True
    alerted &= np.isfinite(ranked)
    fraud, hard = worlds.fraud & inside, ~worlds.fraud & (worlds.scenario != "") & inside
    by_scenario = {
        str(scenario): float(alerted[fraud & (worlds.scenario == scenario)].mean())
        for scenario in np.unique(worlds.scenario[fraud])
    }
    return Recall(name, float(alerted[fraud].mean()), by_scenario, float(alerted[hard].mean()), score)


def _numbered(keys: list[tuple[object, ...]]) -> Integers:
    numbers: dict[tuple[object, ...], int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)


def _cards(rows: list[dict[str, Any]]) -> Integers:
    used = np.array([row["card_id"] is not None for row in rows])
    return np.where(used, _numbered([(row["world"], row["card_id"]) for row in rows]), -1)


def _rows(path: Path, columns: list[str] | None = None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(path, columns=columns).to_pylist()
    return rows


def _times_us(times: list[str]) -> Integers:
    return np.array([time.rstrip("Z") for time in times], "datetime64[us]").astype(np.int64)
