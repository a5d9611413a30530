"""Draws windows as timelines: events from left to right, what is expected of them below the line.

    at    0  5  10  11
    who   a  a   a   b
    v     1  .   3   4
    ------------------
    n     1  2   2   1

One column is one event, in the order of arrival. `at` is its time, a single letter its entity, `.` is
nothing; a row of x and . is a condition that it meets or not. `v` is a whole number, `f` a float.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.batch import Ids
from fraudstream.events.schema import Column, ColumnType, Schema
from fraudstream.features.catalogue import Aggregate, Feature, Limits, is_float
from fraudstream.features.state import Arrivals, Frame
from fraudstream.features.store import FeatureStore

Row = list[str]

TEXTS = ("who", "shop", "from", "to", "payee")
SCHEMA = Schema(
    (
        *(Column(name, ColumnType.TEXT) for name in TEXTS),
        Column("v", ColumnType.INTEGER),
        Column("f", ColumnType.NUMBER, minimum=-1e9, maximum=1e9),
    )
)


def feature(
    aggregate: str,
    value: str | None = None,
    *,
    by: str | tuple[str, ...] = "who",
    read_by: str | tuple[str, ...] | None = None,
    where: str | None = None,
    window: int | None = None,
    offset: int = 0,
    current: bool = True,
) -> Feature:
    """Return a feature over the rows of a drawing."""
    keys = (by,) if isinstance(by, str) else by
    readers = keys if read_by is None else (read_by,) if isinstance(read_by, str) else read_by
    return Feature(Aggregate(aggregate), value, where, keys, readers, window, current, offset)


def check(drawing: str, lateness: int = 1_000, limits: Limits | None = None, **features: Feature) -> None:
    """Compare features with their drawing, the events in one batch and one by one."""
    given, expected = _read(drawing)
    assert expected.keys() == features.keys()
    events = len(given["at"])
    for batches in ([range(events)], [range(index, index + 1) for index in range(events)]):
        store = FeatureStore(list(features.values()), SCHEMA, limits or Limits(lateness))
        seen: dict[str, list[str]] = {name: [] for name in features}
        for batch in batches:
            frame = store.advance(arrivals(store, given, batch))
            for number, name in enumerate(features):
                values, known = column(store, number, frame)
                seen[name] += [
                    f"{value:g}" if is_known else "." for value, is_known in zip(values, known, strict=True)
                ]
        assert seen == expected, f"seen: {seen}"


def column(
    store: FeatureStore, index: int, frame: Frame
) -> tuple[NDArray[np.int64] | NDArray[np.float64], NDArray[np.bool_]]:
    """Return the values of one feature and where they are known."""
    wanted = store.features[index]
    found = store.layout.schema.column(wanted.value or "")
    floats = is_float(wanted.aggregate, found.type if found else None)
    return (frame.floats if floats else frame.ints)[index], frame.known[index]


def _read(drawing: str) -> tuple[dict[str, Row], dict[str, Row]]:
    above, below = drawing.split("---", 1)
    given, expected = (
        {cells[0]: cells[1:] for line in part.strip("- \n").splitlines() if (cells := line.split())}
        for part in (above, below)
    )
    assert {len(row) for row in (*given.values(), *expected.values())} == {len(given["at"])}
    return given, expected


def arrivals(store: FeatureStore, given: dict[str, Row], batch: Sequence[int]) -> Arrivals:
    """Return some events of a drawing as the store takes them."""
    events = len(batch)

    def row(name: str) -> Row:
        return [given[name][index] for index in batch] if name in given else ["."] * events

    texts = [[-1 if cell == "." else ord(cell) for cell in row(name)] for name in TEXTS]
    wheres = [[cell != "." for cell in row(str(where))] for where in store.layout.wheres]
    ids = Ids.of([f"e{index}" for index in batch])
    return Arrivals(
        time_us=np.array(row("at"), np.int64),
        codes=np.array(texts, np.int32).reshape(len(TEXTS), events),
        ints=np.array([["0" if cell == "." else cell for cell in row("v")]], np.int64),
        ints_known=np.array([[cell != "." for cell in row("v")]]),
        floats=np.array([["nan" if cell == "." else cell for cell in row("f")]], np.float64),
        floats_known=np.array([[cell != "." for cell in row("f")]]),
        id_ends=ids.ends,
        id_data=ids.data,
        wheres=np.array(wheres, np.bool_).reshape(len(wheres), events),
        given=np.empty((0, events), np.int64),
        given_known=np.empty((0, events), np.bool_),
    )
