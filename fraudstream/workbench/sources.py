"""Reads history from files as the messages that a topic would carry: JSONL, CSV and parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import orjson
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet

from fraudstream.errors import UserError
from fraudstream.events.nesting import put

BATCH_EVENTS = 2_000
LINE_BYTES_MAX = 16 * 1_048_576
"""A longer line is no event, and is not taken into memory to find that out."""
TABLES = (".csv", ".parquet")
_CSV = pa.csv.ConvertOptions(strings_can_be_null=True, null_values=[""])
"""An empty cell has no value; NA is a text, Namibia's."""
SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".parquet")


class SourceError(UserError, ValueError):
    """A file of history that cannot be read: which, why, and the remedy."""


class History(Protocol):
    """Where messages of the past come from, whatever it is."""

    @property
    def rows(self) -> int | None:
        """How many messages there are at most, None where that is only known at the end."""

    def batches(self) -> Iterator[Sequence[bytes | None]]:
        """Yield the messages in their order, in batches; SourceError where they cannot be read.

        A batch may be `Arrivals`, which say more than the messages themselves.
        """


@dataclass(frozen=True)
class Source:
    """One file; `rows` is None where it is only known at the end.

    The events of a table are taken in the order of the column `order_by`, that of the file where it is None.
    """

    path: Path
    rows: int | None
    order_by: str | None = None

    def batches(self) -> Iterator[list[bytes]]:
        """Yield the messages in their order, in batches; SourceError where the file cannot be read."""
        try:
            if self.order_by is not None:
                yield from _table_batches(_sorted_table(self.path, self.order_by).to_batches())
            elif self.path.suffix == ".parquet":
                yield from _table_batches(pa.parquet.ParquetFile(self.path).iter_batches(BATCH_EVENTS))
            elif self.path.suffix == ".csv":
                yield from _table_batches(pa.csv.open_csv(self.path, convert_options=_CSV))
            else:
                yield from _line_batches(self.path)
        except (OSError, pa.ArrowException) as error:
            raise SourceError(f"{self.path}: cannot be read ({error}): check the file") from None


def open_source(path: Path, order_by: str | None = None) -> Source:
    """Return a source; SourceError where there is no such file or it is of no known kind."""
    if not path.is_file():
        raise SourceError(f"{path}: there is no such file: check the path")
    if path.suffix not in SUFFIXES:
        raise SourceError(f"{path}: files of kind {path.suffix!r} are not read: give {', '.join(SUFFIXES)}")
    if order_by is not None and path.suffix not in TABLES:
        raise SourceError(
            f"{path}: only {' and '.join(TABLES)} files can be ordered: sort the lines beforehand"
        )
    if path.suffix != ".parquet":
        return Source(path, None, order_by)
    try:
        return Source(path, pa.parquet.read_metadata(path).num_rows, order_by)
    except (OSError, pa.ArrowException) as error:
        raise SourceError(f"{path}: is no parquet file ({error}): check the file") from None


Open = Callable[[str], History]
"""Opens a place that is no file; SourceError where it cannot."""


def open_histories(
    places: Sequence[str], order_by: str | None = None, openers: Mapping[str, Open] | None = None
) -> list[History]:
    """Return what each place holds; `openers` know, by scheme, the places that are no files."""
    return [_opened(place, order_by, openers or {}) for place in places]


def _opened(place: str, order_by: str | None, openers: Mapping[str, Open]) -> History:
    scheme, separator, _ = place.partition("://")
    if not separator:
        return open_source(Path(place), order_by)
    if scheme not in openers:
        others = "".join(f" or {known}://" for known in openers)
        raise SourceError(f"{place}: {scheme} is not read: give files ({', '.join(SUFFIXES)}){others}")
    if order_by is not None:
        raise SourceError(f"{place}: only {' and '.join(TABLES)} files can be ordered: leave --order-by out")
    return openers[scheme](place)


def _sorted_table(path: Path, order_by: str) -> Any:
    """Read a whole table and sort it; rows of equal order keep that of the file."""
    table = (
        pa.parquet.read_table(path)
        if path.suffix == ".parquet"
        else pa.csv.read_csv(path, convert_options=_CSV)
    )
    if order_by not in table.column_names:
        raise SourceError(
            f"{path}: has no column {order_by!r}: order by one of {', '.join(table.column_names)}"
        )
    rows = pa.array(range(table.num_rows))
    keys = [(order_by, "ascending"), ("row of the file", "ascending")]
    return table.append_column("row of the file", rows).sort_by(keys).drop_columns("row of the file")


def _line_batches(path: Path) -> Iterator[list[bytes]]:
    batch = []
    with path.open("rb") as lines:
        for line in iter(partial(lines.readline, LINE_BYTES_MAX + 1), b""):
            if len(line) > LINE_BYTES_MAX:
                message = f"holds a line of more than {LINE_BYTES_MAX} bytes: give one event a line"
                raise SourceError(f"{path}: {message}")
            batch.append(line.rstrip(b"\r\n"))
            if len(batch) == BATCH_EVENTS:
                yield batch
                batch = []
    if batch:
        yield batch


def _table_batches(record_batches: Any) -> Iterator[list[bytes]]:
    for record_batch in record_batches:
        names = record_batch.schema.names
        shape = _nested if any("." in name for name in names) else _flat
        columns = [_plain(column) for column in record_batch.columns]
        for start in range(0, record_batch.num_rows, BATCH_EVENTS):
            rows = zip(*(column[start : start + BATCH_EVENTS] for column in columns), strict=True)
            yield [orjson.dumps(shape(names, row), default=_text) for row in rows]


def _flat(names: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(names, row, strict=True))


def _nested(names: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    """Return a row of a table with columns such as `debtor.id` as the nested object of the wire."""
    nested: dict[str, Any] = {}
    for name, value in zip(names, row, strict=True):
        put(nested, name, value)
    return nested


def _plain(column: Any) -> list[Any]:
    """Return a column as Python values; timestamps become ISO 8601 text, in UTC where they have a zone."""
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        raise SourceError("a column holds text that is not UTF-8: save the file as UTF-8")
    if pa.types.is_timestamp(column.type):
        zone = "UTC" if column.type.tz else None
        moments = column.cast(pa.timestamp("us", zone), safe=False)
        texts = pa.compute.strftime(moments, "%Y-%m-%dT%H:%M:%S").to_pylist()
        return [text if text is None or zone is None else text + "Z" for text in texts]
    values: list[Any] = column.to_pylist()
    return values


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime | date) else str(value)
