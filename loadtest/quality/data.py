"""The third-party tables, where they are: beside the repository, never in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

DATA = Path(__file__).parents[3] / "shared" / "data"
DAY_US = 86_400_000_000
SCENARIOS = (1, 2, 3)
"""The handbook's frauds: amounts above 220, compromised terminals, compromised cards (amounts times 5)."""
TRACEABLE = (1, 3)
"""A compromised terminal takes the same amounts at the same hours as before: only labels give it away."""


class DataMissingError(Exception):
    """A table is not on this machine; the message says which, and where it was looked for."""


@dataclass(frozen=True)
class Payments:
    """Card payments in the order of their times; every array is [n].

    `time_us` counts from the first midnight, `amount` is in minor units. `fraud` is the answer: nothing may
    read it before it is known.
    """

    time_us: NDArray[np.int64]
    card: NDArray[np.int64]
    terminal: NDArray[np.int64]
    amount: NDArray[np.int64]
    fraud: NDArray[np.bool_]
    first_day: np.datetime64

    @property
    def day(self) -> NDArray[np.int64]:
        """Days since the first midnight."""
        return self.time_us // DAY_US

    def day_of(self, date: str) -> int:
        """Return the number of the day of a date, YYYY-MM-DD."""
        return int((np.datetime64(date, "D") - self.first_day) // np.timedelta64(1, "D"))

    def until(self, day: int) -> Payments:
        """Return the payments of the days before `day`."""
        seen = slice(0, int(np.searchsorted(self.time_us, day * DAY_US)))
        return replace(
            self,
            time_us=self.time_us[seen],
            card=self.card[seen],
            terminal=self.terminal[seen],
            amount=self.amount[seen],
            fraud=self.fraud[seen],
        )

    def with_labels(self, fraud: NDArray[np.bool_]) -> Payments:
        """Return the same payments with other answers."""
        return replace(self, fraud=fraud)


@dataclass(frozen=True)
class AnomalySet:
    """One of the ADBench sets in file order: x is float64 [n, d], anomaly bool [n]."""

    x: NDArray[np.float64]
    anomaly: NDArray[np.bool_]


def located(name: str, folder: Path = DATA) -> Path:
    """Return the path of a table; DataMissingError where it is not there."""
    path = folder / name
    if not path.is_file():
        raise DataMissingError(
            f"{name} is missing: no such file below ../{folder.parent.name}/{folder.name}/"
        )
    return path


def content_hash(path: Path) -> str:
    """Return the first 12 digits of the file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def load_handbook(path: Path, scenarios: tuple[int, ...] = SCENARIOS) -> Payments:
    """Read the handbook's payments, with the frauds of some scenarios; equal times keep the file's order."""
    names = ["TX_DATETIME", "CUSTOMER_ID", "TERMINAL_ID", "TX_AMOUNT", "TX_FRAUD_SCENARIO"]
    table = pq.read_table(path, columns=names)
    columns = {name: table[name].to_numpy() for name in table.column_names}
    order = np.argsort(columns["TX_DATETIME"], kind="stable")
    columns = {name: values[order] for name, values in columns.items()}
    midnight = columns["TX_DATETIME"][0].astype("datetime64[D]")
    return Payments(
        time_us=(columns["TX_DATETIME"] - midnight).astype("timedelta64[us]").astype(np.int64),
        card=columns["CUSTOMER_ID"].astype(np.int64),
        terminal=columns["TERMINAL_ID"].astype(np.int64),
        amount=np.rint(columns["TX_AMOUNT"] * 100).astype(np.int64),
        fraud=np.isin(columns["TX_FRAUD_SCENARIO"], scenarios),
        first_day=midnight,
    )


def load_anomaly_set(path: Path) -> AnomalySet:
    """Read one of the ADBench sets."""
    with np.load(path) as file:
        return AnomalySet(np.ascontiguousarray(file["X"], np.float64), file["y"] == 1)
