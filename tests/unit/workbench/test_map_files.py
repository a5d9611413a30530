"""The map files of the repository read the tables that they are for."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from fraudstream.config import load_map
from fraudstream.events.batch import EventBatch
from fraudstream.events.decode import Decoder
from fraudstream.events.interning import Interner
from fraudstream.events.schema import Schema
from fraudstream.workbench.sources import open_source

TOPOLOGIES = Path(__file__).parents[3] / "topologies"


def decoded(path: Path, map_name: str) -> EventBatch:
    """Return all events of a file through a map; none may be refused."""
    decoder = Decoder(Schema(), Interner(), load_map(TOPOLOGIES / map_name))
    batch, dead = decoder.decode([message for batch in open_source(path).batches() for message in batch])
    assert dead == []
    return batch


@pytest.mark.parametrize("path", sorted(TOPOLOGIES.glob("*.map.yml")), ids=lambda path: path.name)
def test_every_map_file_loads(path: Path) -> None:
    """Each names columns that there are, the required ones among them."""
    assert {"id", "kind", "occurred_at"} <= load_map(path).keys()


def test_the_handbook_s_transactions(tmp_path: Path) -> None:
    """Numbers become ids, naive times are UTC, amounts are euros."""
    table = pa.table(
        {
            "TRANSACTION_ID": [0, 1],
            "TX_DATETIME": pa.array([datetime(2018, 4, 1, 0, 0, 31)] * 2, pa.timestamp("ns")),
            "CUSTOMER_ID": [596, 4961],
            "TERMINAL_ID": [3156, 3412],
            "TX_AMOUNT": [57.16, 81.51],
            "TX_FRAUD": [0, 1],
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    batch = decoded(tmp_path / "a.parquet", "handbook.map.yml")
    assert batch.ids.all() == ["0", "1"]
    assert batch.words("merchant.id") == ["3156", "3412"]
    assert batch.words("currency") == ["EUR", "EUR"]
    assert batch.number("amount").values.tolist() == [5_716, 8_151]
    assert batch.time_us.tolist() == [1_522_540_831_000_000] * 2


def test_a_stream_of_payment_steps(tmp_path: Path) -> None:
    """The step that moves money is the payment, the others are steps; ids are joined with their world."""
    steps = ["CARD_AUTHORIZED", "CARD_DECLINED", "CARD_CLEARED", "PIX_SETTLED"]
    table = pa.table(
        {
            "world": ["w1"] * 4,
            "event_id": ["1", "2", "3", "4"],
            "event_type": steps,
            "event_time": ["2026-03-02T12:00:00Z"] * 4,
            "amount": ["42.50"] * 4,
            "currency": ["BRL"] * 4,
            "customer_id": ["c1"] * 4,
            "account_id": ["a1"] * 4,
            "payee_account_id": [None, None, None, "a2"],
            "card_id": ["k1", "k1", "k1", None],
            "merchant_id": ["m1", "m1", "m1", None],
            "device_id": [None] * 4,
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    batch = decoded(tmp_path / "a.parquet", "fraudtwin.map.yml")
    assert batch.ids.all() == ["w1:1", "w1:2", "w1:3", "w1:4"]
    assert batch.words("kind") == ["card_payment", "card_payment", "payment_status", "transfer"]
    assert batch.words("status") == ["approved", "declined", "approved", "approved"]
    assert batch.words("creditor.account") == [None, None, None, "w1:a2"]
    assert set(batch.number("amount").values.tolist()) == {4_250}
