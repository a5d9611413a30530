"""Draws windows as timelines: events from left to right, what is expected of them below the line.

    at    0  5  10  11
    who   a  a   a   b
    v     1  .   3   4
    ------------------
    n     1  2   2   1

One column is one event, in the order of arrival. `at` is its time, a single letter its entity, `.` is
nothing; a row of x and . is a condition that it meets or not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fraudstream.features.catalogue import Aggregate, Feature
from fraudstream.features.store import FeatureStore
from fraudstream.features.windows import Arrivals

Row = list[str]


def feature(
    aggregate: str,
    value: str | None = None,
    *,
    by: str | tuple[str, ...] = "who",
    read_by: str | tuple[str, ...] | None = None,
    where: str | None = None,
    window: int | None = None,
    current: bool = True,
) -> Feature:
    """Return a feature over the rows of a drawing."""
    keys = (by,) if isinstance(by, str) else by
    readers = keys if read_by is None else (read_by,) if isinstance(read_by, str) else read_by
    return Feature(Aggregate(aggregate), value, where, keys, readers, window, current)


def check(drawing: str, lateness: int = 1_000, **features: Feature) -> None:
    """Compare features with their drawing, the events in one batch and one by one."""
    given, expected = _read(drawing)
    assert expected.keys() == features.keys()
    events = len(given["at"])
    for batches in ([range(events)], [range(index, index + 1) for index in range(events)]):
        store = FeatureStore(list(features.values()), lateness)
        seen: dict[str, list[str]] = {name: [] for name in features}
        for batch in batches:
            frame = store.advance([f"e{index}" for index in batch], arrivals(store, given, batch))
            for number, name in enumerate(features):
                values, known = store.column(number, frame)
                seen[name] += [
                    f"{value:g}" if is_known else "." for value, is_known in zip(values, known, strict=True)
                ]
        assert seen == expected, f"seen: {seen}"


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
    layout = store.layout

    def column(name: str) -> Row:
        return [given[name][index] for index in batch]

    codes = [[-1 if cell == "." else ord(cell) for cell in column(name)] for name in layout.columns]
    values = [[0 if cell == "." else int(cell) for cell in column(name)] for name in layout.values]
    masks = [
        [
            all(given[name][index] != "." for name in (mask.where, mask.value) if isinstance(name, str))
            for index in batch
        ]
        for mask in layout.masks
    ]
    shape = (-1, len(batch))
    return Arrivals(
        np.ascontiguousarray(np.array(codes, np.int32).reshape(shape).T),
        np.array([int(cell) for cell in column("at")], np.int64),
        np.ascontiguousarray(np.array(masks, np.bool_).reshape(shape).T),
        np.ascontiguousarray(np.array(values, np.int64).reshape(shape).T),
    )
