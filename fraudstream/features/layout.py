"""From a list of features to the flat tables that the kernels read.

A *cell* is one running state of an entity (a count, a sum ...); features that differ only in how they are
read share cells. A *group* is the set of cells of one key with one window: they move together. A *read* says
which cell to read for which key of the current event, before or after the event itself is counted.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.features.catalogue import Aggregate, Feature

COUNT, SUM, MIN, MAX, DISTINCT, LAST, FIRST = range(7)
_WORDS = {COUNT: 1, SUM: 1, MIN: 2, MAX: 2, DISTINCT: 1, LAST: 4, FIRST: 1}
_HEADER_WORDS = 2
"""First and last event of the entity's list."""
_GROUP_WORDS = 2
"""The last event inside the window, and the last one before it."""
KEY_COLUMNS_MAX = 3

_CELLS_OF = {
    Aggregate.COUNT: (COUNT,),
    Aggregate.SUM: (SUM,),
    Aggregate.AVG: (SUM, COUNT),
    Aggregate.MIN: (MIN,),
    Aggregate.MAX: (MAX,),
    Aggregate.DISTINCT: (DISTINCT,),
    Aggregate.LAST: (LAST,),
    Aggregate.TIME_SINCE_LAST: (LAST,),
    Aggregate.TIME_SINCE_FIRST: (FIRST,),
    Aggregate.FIRST_SEEN: (FIRST,),
}


class Plan(NamedTuple):
    """The tables of a set of features as the kernels take them; all int64."""

    key_columns: NDArray[np.int64]  # [keys, 3] column of the code matrix, -1 pads
    key_words: NDArray[np.int64]  # [keys] words of an entity's row
    key_groups: NDArray[np.int64]  # [keys, 2] range of groups
    key_evers: NDArray[np.int64]  # [keys, 2] range of cells without a window
    group_window_us: NDArray[np.int64]  # [groups]
    group_offset: NDArray[np.int64]  # [groups] words into the row
    group_cells: NDArray[np.int64]  # [groups, 2] range of cells
    cell_kind: NDArray[np.int64]  # [cells]
    cell_offset: NDArray[np.int64]  # [cells] words into the row
    cell_mask: NDArray[np.int64]  # [cells] column of the mask matrix
    cell_value: NDArray[np.int64]  # [cells] column of the value matrix, -1 for none
    mask_distincts: NDArray[np.int64]  # [masks] how many cells count distinct values of its events
    read_cell: NDArray[np.int64]  # [reads]
    read_group: NDArray[np.int64]  # [reads] -1 where the cell has no window
    read_key: NDArray[np.int64]  # [reads] row of reader_columns
    read_current: NDArray[np.int64]  # [reads] 1 where the current event is included
    reader_columns: NDArray[np.int64]  # [readers, 3]
    reader_of: NDArray[np.int64]  # [readers] the key whose entities are read
    retention_us: NDArray[np.int64]  # [2] lateness, longest window + lateness


@dataclass(frozen=True)
class Mask:
    """Which events a cell counts: those that meet `where` and have a `value`."""

    where: Hashable | None
    value: str | None


@dataclass(frozen=True)
class Layout:
    """A plan, and the names of the rows and columns of its matrices."""

    plan: Plan
    columns: tuple[str, ...]
    """Text columns whose codes make up the keys, in the order of the code matrix."""
    masks: tuple[Mask, ...]
    values: tuple[str, ...]
    reads: tuple[tuple[int, ...], ...]
    """Per feature the reads that it is made of."""


@dataclass(frozen=True)
class _Cell:
    kind: int
    by: tuple[str, ...]
    window_us: int
    mask: Mask
    value: str | None


@dataclass(frozen=True)
class _Read:
    cell: _Cell
    read_by: tuple[str, ...]
    include_current: bool


_NO_WINDOW = -1


def _reads_of(feature: Feature) -> list[_Read]:
    reads = []
    for kind in _CELLS_OF[feature.aggregate]:
        window_us = _NO_WINDOW if kind in (LAST, FIRST) else feature.window_us or 0
        value = feature.value if kind != COUNT else None
        cell = _Cell(kind, feature.by, window_us, Mask(feature.where, feature.value), value)
        reads.append(_Read(cell, feature.read_by, feature.include_current))
    return reads


def _table(rows: Sequence[Sequence[int]], width: int = 0) -> NDArray[np.int64]:
    if width:
        return np.array(rows, dtype=np.int64).reshape(len(rows), width)
    return np.array(rows, dtype=np.int64)


def _flat(values: Sequence[int]) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


def lay_out(features: Sequence[Feature], lateness_us: int) -> Layout:
    """Lay out the tables for a list of features; the order of the features is kept in `reads`."""
    feature_reads = [_reads_of(feature) for feature in features]
    reads = list(dict.fromkeys(read for each in feature_reads for read in each))
    keys = list(dict.fromkeys(read.cell.by for read in reads))
    # Cells are sorted so that each group, and the windowless cells of each key, form one range.
    cells = sorted(
        dict.fromkeys(read.cell for read in reads),
        key=lambda cell: (keys.index(cell.by), cell.window_us == _NO_WINDOW, cell.window_us),
    )
    masks = list(dict.fromkeys(cell.mask for cell in cells))
    values = list(dict.fromkeys(cell.value for cell in cells if cell.value is not None))
    readers = list(dict.fromkeys((read.read_by, read.cell.by) for read in reads))
    columns = list(dict.fromkeys(name for by in [*keys, *(reader[0] for reader in readers)] for name in by))

    rows = _entity_rows(keys, cells)
    windows_us = [window_us for _, window_us in rows.groups]
    group_of = {group: index for index, group in enumerate(rows.groups)}

    def places(by: tuple[str, ...]) -> list[int]:
        return [columns.index(name) for name in by] + [-1] * (KEY_COLUMNS_MAX - len(by))

    plan = Plan(
        key_columns=_table([places(by) for by in keys], KEY_COLUMNS_MAX),
        key_words=_flat(rows.key_words),
        key_groups=_table(rows.key_groups, 2),
        key_evers=_table(rows.key_evers, 2),
        group_window_us=_flat(windows_us),
        group_offset=_flat(rows.group_offset),
        group_cells=_table(rows.group_cells, 2),
        cell_kind=_flat([cell.kind for cell in cells]),
        cell_offset=_flat(rows.cell_offset),
        cell_mask=_flat([masks.index(cell.mask) for cell in cells]),
        cell_value=_flat([-1 if cell.value is None else values.index(cell.value) for cell in cells]),
        mask_distincts=_flat([sum(c.kind == DISTINCT and c.mask == mask for c in cells) for mask in masks]),
        read_cell=_flat([cells.index(read.cell) for read in reads]),
        read_group=_flat([group_of.get((read.cell.by, read.cell.window_us), -1) for read in reads]),
        read_key=_flat([readers.index((read.read_by, read.cell.by)) for read in reads]),
        read_current=_flat([int(read.include_current) for read in reads]),
        reader_columns=_table([places(by) for by, _ in readers], KEY_COLUMNS_MAX),
        reader_of=_flat([keys.index(by) for _, by in readers]),
        retention_us=_flat([lateness_us, max(windows_us, default=1) + lateness_us]),
    )
    positions = {read: index for index, read in enumerate(reads)}
    of_features = tuple(tuple(positions[read] for read in each) for each in feature_reads)
    return Layout(plan, tuple(columns), tuple(masks), tuple(values), of_features)


@dataclass
class _Rows:
    groups: list[tuple[tuple[str, ...], int]]
    key_words: list[int]
    key_groups: list[tuple[int, int]]
    key_evers: list[tuple[int, int]]
    group_offset: list[int]
    group_cells: list[tuple[int, int]]
    cell_offset: list[int]


def _entity_rows(keys: list[tuple[str, ...]], cells: list[_Cell]) -> _Rows:
    """Give every group and cell its place in the row of an entity of its key."""
    rows = _Rows([], [], [], [], [], [], [])
    index = 0
    for by in keys:
        words = _HEADER_WORDS
        first_group = len(rows.groups)
        first_ever = index
        while index < len(cells) and cells[index].by == by:
            window_us = cells[index].window_us
            start = index
            if window_us != _NO_WINDOW:
                rows.groups.append((by, window_us))
                rows.group_offset.append(words)
                words += _GROUP_WORDS
            while index < len(cells) and cells[index].by == by and cells[index].window_us == window_us:
                rows.cell_offset.append(words)
                words += _WORDS[cells[index].kind]
                index += 1
            if window_us != _NO_WINDOW:
                rows.group_cells.append((start, index))
                first_ever = index
        rows.key_words.append(words)
        rows.key_groups.append((first_group, len(rows.groups)))
        rows.key_evers.append((first_ever, index))
    return rows
