"""What features keep: the running states of an entity, and which of them move together.

A *cell* is one running state of an entity (a count, a sum ...); features that differ only in how they are
read share cells. A *group* is the set of cells of one key with one window: they move together. A group of a
long window counts by panes, and belongs to one mask.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from fraudstream.events.schema import ColumnType, Schema
from fraudstream.features import plan as p
from fraudstream.features.catalogue import SUMMED, Aggregate, Feature

NO_WINDOW = -1

# Words of a cell in the row of an entity, and in the record of a pane.
WORDS = {
    p.COUNT: 1,
    p.SUM: 1,
    p.SQUARES: 2,
    p.MIN: 2,
    p.MAX: 2,
    p.DISTINCT: 3,
    p.MEDIAN: 3,
    p.LAST: 4,
    p.FIRST: 2,
}
PANE_WORDS = {p.COUNT: 1, p.SUM: 1, p.SQUARES: 2, p.MIN: 2, p.MAX: 2, p.DISTINCT: 1}
ENTRIES = (p.DISTINCT, p.MEDIAN)
"""The cells that keep entries in the map of cells."""

_CELLS_OF = {
    Aggregate.COUNT: (p.COUNT,),
    Aggregate.SUM: (p.SUM,),
    Aggregate.AVG: (p.SUM, p.COUNT),
    Aggregate.MIN: (p.MIN,),
    Aggregate.MAX: (p.MAX,),
    Aggregate.STDDEV: (p.SUM, p.COUNT, p.SQUARES),
    Aggregate.DISTINCT: (p.DISTINCT,),
    Aggregate.MEDIAN: (p.MEDIAN,),
    Aggregate.RATIO: (p.SUM, p.COUNT),
    Aggregate.ZSCORE: (p.SUM, p.COUNT, p.SQUARES),
    Aggregate.LAST: (p.LAST,),
    Aggregate.TIME_SINCE_LAST: (p.LAST,),
    Aggregate.TIME_SINCE_FIRST: (p.FIRST,),
    Aggregate.FIRST_SEEN: (p.FIRST,),
}


@dataclass(frozen=True)
class Mask:
    """Which events a cell counts: those that meet `where` and have a `value`."""

    where: Hashable | None
    value: str | None


@dataclass(frozen=True)
class Value:
    """A column as cells keep it, see `plan.WHOLE`."""

    name: str
    coding: int


@dataclass(frozen=True)
class Cell:
    """One running state."""

    kind: int
    by: tuple[str, ...]
    window_us: int
    offset_us: int
    where: Hashable | None
    column: str | None
    value: Value | None


@dataclass(frozen=True)
class Group:
    """Cells that move together; `mask` is None for an exact window."""

    by: tuple[str, ...]
    window_us: int
    offset_us: int
    mask: Mask | None


def _coding(feature: Feature, schema: Schema) -> int:
    column = schema.column(feature.value or "")
    if column is None or column.type is not ColumnType.NUMBER:
        return p.WHOLE
    return p.MICRO if feature.aggregate in SUMMED else p.SORTABLE


def cells_of(feature: Feature, schema: Schema) -> list[Cell]:
    """Return the cells that a feature is read from, in the order of `plan.FEATURE_CELL` and what follows."""
    cells = []
    for kind in _CELLS_OF[feature.aggregate]:
        ever = kind in (p.LAST, p.FIRST)
        valued = kind != p.COUNT and feature.value is not None
        cells.append(
            Cell(
                kind,
                feature.by,
                NO_WINDOW if ever else feature.window_us or 0,
                0 if ever else feature.offset_us,
                feature.where,
                feature.value,
                Value(feature.value or "", _coding(feature, schema)) if valued else None,
            )
        )
    return cells
