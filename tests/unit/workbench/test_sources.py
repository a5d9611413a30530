"""History from files: JSONL, CSV and parquet."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet
import pytest

from fraudstream.engine.step import Engine
from fraudstream.workbench import sources
from fraudstream.workbench.sources import BATCH_EVENTS, Source, SourceError, open_source
from tests.unit.rule_files import rule_file, ruleset_of


def messages(source: Source) -> list[Any]:
    """Return all messages of a source as objects."""
    return [orjson.loads(message) for batch in source.batches() for message in batch]


def written(path: Path, content: str) -> Path:
    """Write a file and return its path."""
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize("suffix", ["jsonl", "ndjson", "json"])
def test_lines_are_taken_as_they_are(tmp_path: Path, suffix: str) -> None:
    """Byte for byte, without the end of the line, in batches; what is no JSON is for the engine to say."""
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b'{"id": 1}\r\nnot json\n\xff\n{"id": 2}')
    assert list(open_source(path).batches()) == [[b'{"id": 1}', b"not json", b"\xff", b'{"id": 2}']]


def test_a_line_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not taken into memory; one of just that length is an event like any other."""
    monkeypatch.setattr(sources, "LINE_BYTES_MAX", 10)
    path = written(tmp_path / "a.jsonl", "123456789\n1234567890\n")
    with pytest.raises(SourceError, match="holds a line of more than 10 bytes: give one event a line"):
        messages(open_source(path))
    assert list(open_source(written(path, "123456789\n")).batches()) == [[b"123456789"]]


def test_a_row_without_end_is_refused(tmp_path: Path) -> None:
    """Of a CSV, which is read in blocks."""
    path = written(tmp_path / "a.csv", "id,purpose\n1," + "x" * 3_000_000 + "\n2,y\n")
    with pytest.raises(SourceError, match="cannot be read"):
        messages(open_source(path))


def test_nested_columns_meet_the_limit_of_messages(tmp_path: Path) -> None:
    """A parquet file may nest deeper than a message: the engine refuses such rows, and goes on."""
    deep: Any = "x"
    for _ in range(40):
        deep = {"a": deep}
    path = tmp_path / "a.parquet"
    pa.parquet.write_table(pa.table({"id": ["e"], "deep": [deep]}), path)
    (letter,) = Engine(ruleset_of(rule_file())).step(next(open_source(path).batches())).dead_letters
    assert letter.reason == "too_deep"


def test_long_files_come_in_batches(tmp_path: Path) -> None:
    """No file is held in memory whole."""
    path = written(tmp_path / "a.jsonl", "{}\n" * (2 * BATCH_EVENTS + 1))
    assert [len(batch) for batch in open_source(path).batches()] == [BATCH_EVENTS, BATCH_EVENTS, 1]


def test_an_empty_file_has_no_events(tmp_path: Path) -> None:
    """Nothing is a history too."""
    assert list(open_source(written(tmp_path / "a.jsonl", "")).batches()) == []


def test_csv_rows_become_objects(tmp_path: Path) -> None:
    """Numbers, texts, nothing and times, the latter with Z where the file says so."""
    path = written(
        tmp_path / "a.csv",
        "no,amount,who,when,local\n"
        "1,42.5,c1,2026-03-02T12:00:00Z,2026-03-02 12:00:00.25\n"
        "2,,c2,2026-03-02T12:00:00Z,2026-03-02 12:00:00\n",
    )
    first, second = messages(open_source(path))
    assert (first["no"], first["amount"], first["who"]) == (1, 42.5, "c1")
    assert datetime.fromisoformat(first["when"]) == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert datetime.fromisoformat(first["local"]) == datetime(2026, 3, 2, 12, 0, 0, 250_000)
    assert second["amount"] is None


def test_parquet_rows_become_objects(tmp_path: Path) -> None:
    """Nested objects, decimals, dates and times in any unit keep their value."""
    table = pa.table(
        {
            "amount": pa.array([Decimal("42.50")]),
            "day": pa.array([date(2026, 3, 2)]),
            "zoned": pa.array([datetime(2026, 3, 2, 12, tzinfo=UTC)], pa.timestamp("ms", "UTC")),
            "local": pa.array([datetime(2026, 3, 2, 12)], pa.timestamp("ns")),
            "debtor": pa.array([{"id": "c1"}]),
            "nan": pa.array([float("nan")]),
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    source = open_source(tmp_path / "a.parquet")
    (row,) = messages(source)
    assert source.rows == 1
    assert datetime.fromisoformat(row["zoned"]) == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert datetime.fromisoformat(row["local"]) == datetime(2026, 3, 2, 12)
    assert (row["amount"], row["day"], row["debtor"], row["nan"]) == (
        "42.50",
        "2026-03-02",
        {"id": "c1"},
        None,
    )


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_table_is_ordered_by_a_column(tmp_path: Path, suffix: str) -> None:
    """Rows of equal order keep that of the file, and nothing is added to them."""
    path = written(tmp_path / "a.csv", "no,arrived\n1,20\n2,10\n3,20\n4,10\n")
    if suffix == "parquet":
        path = tmp_path / "a.parquet"
        pyarrow.parquet.write_table(pa.table({"no": [1, 2, 3, 4], "arrived": [20, 10, 20, 10]}), path)
    rows = messages(open_source(path, "arrived"))
    assert [row["no"] for row in rows] == [2, 4, 1, 3]
    assert rows[0] == {"no": 2, "arrived": 10}


@pytest.mark.parametrize(
    ("name", "content", "order_by", "message"),
    [
        ("gone.csv", None, None, "gone.csv: there is no such file: check the path"),
        (
            "a.xml",
            "x",
            None,
            "a.xml: files of kind '.xml' are not read: give .jsonl, .ndjson, .json, .csv, .parquet",
        ),
        (
            "a.jsonl",
            "{}",
            "t",
            "a.jsonl: only .csv and .parquet files can be ordered: sort the lines beforehand",
        ),
        ("a.csv", "no,t\n1,2\n", "time", "a.csv: has no column 'time': order by one of no, t"),
        ("a.csv", "", None, "a.csv: cannot be read (Empty CSV file): check the file"),
        (
            "a.csv",
            "a,b\n1\n",
            None,
            "a.csv: cannot be read (CSV parse error: Expected 2 columns, got 1: 1): check",
        ),
        ("a.parquet", "x", None, "a.parquet: is no parquet file ("),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    tmp_path: Path, name: str, content: str | None, order_by: str | None, message: str
) -> None:
    """Which file, what is wrong with it, and what to do."""
    if content is not None:
        written(tmp_path / name, content)
    with pytest.raises(SourceError) as caught:
        messages(open_source(tmp_path / name, order_by))
    assert str(caught.value).startswith(f"{tmp_path}/{message}")
