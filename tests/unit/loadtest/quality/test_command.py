"""`make quality` measures what there are tables for, and names what is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.table import Table

from loadtest.quality import anomaly_models, part_demo
from loadtest.quality.__main__ import measured
from loadtest.quality.data import content_hash, load_anomaly_set, load_handbook
from loadtest.quality.part import Part
from loadtest.quality.published import ANOMALY_TABLES


def a_small_demo() -> Part:
    """Measure what the demo shows of few events."""
    return part_demo.measured(20_000, [11])


def test_without_tables_it_says_what_is_missing(tmp_path: Path) -> None:
    """One line for each part, and the demo's own traffic is measured and drawn."""
    said: list[Table | str] = []
    figures = measured(tmp_path, tmp_path, said.append, a_small_demo)
    assert all("_demo_" in name for name in figures)
    lines = [line for line in said if isinstance(line, str)]
    assert [line.split(" is missing")[0] for line in lines] == [
        "quality: handbook/transactions.parquet",
        "quality: anomaly/34_smtp.npz",
        "quality: fraudtwin/payments.parquet",
        f"drawn: {tmp_path / 'rules_model_both.png'}",
    ]
    assert (tmp_path / "rules_model_both.png").stat().st_size > 10_000


def test_the_anomaly_sets_are_measured_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every set becomes a figure, while the other tables are missing."""
    monkeypatch.setattr(anomaly_models, "SEEDS", (1, 2))
    (tmp_path / "anomaly").mkdir()
    random = np.random.default_rng(1)
    for file in ANOMALY_TABLES.values():
        y = np.arange(900) % 90 == 89
        np.savez(tmp_path / file, X=random.normal(size=(900, 3)) + 9 * y[:, None], y=y.astype(np.int64))
    said: list[Table | str] = []
    figures = measured(tmp_path, tmp_path, said.append, a_small_demo)
    of_sets = {name: figure for name, figure in figures.items() if name.endswith("_auc")}
    assert [*of_sets] == ["smtp_auc", "mammography_auc", "shuttle_auc"]
    assert min(of_sets.values()) > 0.9
    assert next(table.row_count for table in said if isinstance(table, Table)) == 3 * 6


def test_payments_are_read_in_the_order_of_their_times(tmp_path: Path) -> None:
    """Amounts become minor units, equal times keep the file's order."""
    path = tmp_path / "transactions.parquet"
    times = ["2018-04-02T00:00:01", "2018-04-01T10:00:00", "2018-04-01T10:00:00"]
    pq.write_table(
        pa.table(
            {
                "TX_DATETIME": pa.array(np.array(times, "datetime64[ns]")),
                "CUSTOMER_ID": pa.array([1, 2, 3], pa.int16()),
                "TERMINAL_ID": pa.array([7, 8, 9], pa.int16()),
                "TX_AMOUNT": [0.29, 57.16, 1.0],
                "TX_FRAUD_SCENARIO": pa.array([1, 2, 0], pa.int8()),
            }
        ),
        path,
    )
    payments = load_handbook(path)
    assert payments.card.tolist() == [2, 3, 1]
    assert payments.amount.tolist() == [5_716, 100, 29]
    assert payments.day.tolist() == [0, 0, 1]
    assert payments.fraud.tolist() == [True, False, True]
    assert load_handbook(path, (1, 3)).fraud.tolist() == [False, False, True]
    assert payments.day_of("2018-04-03") == 2


def test_a_set_is_read_as_floats_and_flags(tmp_path: Path) -> None:
    """Whole numbers become float64, and the hash is of the file's bytes."""
    path = tmp_path / "set.npz"
    np.savez(path, X=np.array([[1, 2]], np.int16), y=np.array([1]))
    table = load_anomaly_set(path)
    assert table.x.dtype == np.float64
    assert table.anomaly.tolist() == [True]
    assert len(content_hash(path)) == 12
