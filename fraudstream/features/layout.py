"""From a list of features to the flat tables that the kernels read."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.schema import Schema
from fraudstream.features import plan as p
from fraudstream.features.buckets import BOUNDS
from fraudstream.features.catalogue import OF_OTHERS, Aggregate, Feature, Limits
from fraudstream.features.cells import (
    ENTRIES,
    NO_WINDOW,
    PANE_WORDS,
    WORDS,
    Cell,
    Group,
    Mask,
    Value,
    cells_of,
)
from fraudstream.features.hyperloglog import BLOCK_WORDS
from fraudstream.features.panes import GROUP_WORDS as PANE_GROUP_WORDS
from fraudstream.features.panes import RECORD_HEADER
from fraudstream.features.state import HEADER_WORDS
from fraudstream.features.tables import TABLE_WORDS, TABLE_WORDS_MAX
from fraudstream.features.windows import GROUP_WORDS

PANES = 64


@dataclass(frozen=True)
class Layout:
    """A plan, and the names of the rows of its tables."""

    plan: p.Plan
    schema: Schema
    wheres: tuple[Hashable, ...]
    """Conditions whose truth the arrivals bring, in the order of their rows."""
    given: tuple[str, ...]
    """Values that are no columns of the schema, which the arrivals bring."""
    keys: tuple[tuple[str, ...], ...]
    groups: tuple[Group, ...]
    cells: tuple[Cell, ...]
    masks: tuple[Mask, ...]
    values: tuple[Value, ...]
    gates: tuple[tuple[str, ...], ...] = ()
    """The lists of columns that are read as keys behind the columns of the schema, row after row.

    Whoever keeps a part of the entities brings their codes once more there, without those of the others.
    """


def lay_out(features: Sequence[Feature], schema: Schema, limits: Limits, *, gated: bool = False) -> Layout:
    """Lay out the tables for a list of features, whose order is that of the rows of a frame.

    Where it is `gated`, keys are read through the layout's `gates`.
    """
    gates = key_columns(features) if gated else ()
    return _Builder(features, schema, limits, gates).layout()


def key_columns(features: Sequence[Feature]) -> tuple[tuple[str, ...], ...]:
    """Return the lists of columns under which events are counted or read, each once."""
    return tuple(dict.fromkeys(columns for each in features for columns in (each.by, each.read_by)))


def _table(rows: Sequence[Sequence[int]], width: int) -> NDArray[np.int64]:
    return np.array(rows, dtype=np.int64).reshape(len(rows), width)


@dataclass
class _Builder:
    features: Sequence[Feature]
    schema: Schema
    limits: Limits
    gates: tuple[tuple[str, ...], ...]
    group_rows: list[list[int]] = field(default_factory=list)
    cell_rows: list[list[int]] = field(default_factory=list)
    key_rows: list[list[int]] = field(default_factory=list)

    def layout(self) -> Layout:
        self.of_features = [cells_of(feature, self.schema) for feature in self.features]
        found = list(dict.fromkeys(cell for cells in self.of_features for cell in cells))
        self.keys = list(dict.fromkeys(cell.by for cell in found))
        self.masks = list(dict.fromkeys(self._mask(cell) for cell in found))
        self.values = list(dict.fromkeys(cell.value for cell in found if cell.value is not None))
        self.wheres = list(dict.fromkeys(mask.where for mask in self.masks if mask.where is not None))
        names = [value.name for value in self.values] + [m.value for m in self.masks if m.value is not None]
        self.given = [name for name in dict.fromkeys(names) if self.schema.column(name) is None]
        self.cells = sorted(found, key=self._order)
        self.groups = list(dict.fromkeys(g for g in map(self._group, self.cells) if g is not None))
        self.readers = list(dict.fromkeys((each.read_by, each.by) for each in self.features))
        self._place_cells()
        return Layout(
            self._plan(),
            self.schema,
            tuple(self.wheres),
            tuple(self.given),
            tuple(self.keys),
            tuple(self.groups),
            tuple(self.cells),
            tuple(self.masks),
            tuple(self.values),
            self.gates,
        )

    def _mask(self, cell: Cell) -> Mask:
        return Mask(cell.where, cell.column)

    def _is_long(self, cell: Cell) -> bool:
        return cell.window_us + cell.offset_us > self.limits.exact_us

    def _group(self, cell: Cell) -> Group | None:
        if cell.window_us == NO_WINDOW:
            return None
        mask = self._mask(cell) if self._is_long(cell) else None
        return Group(cell.by, cell.window_us, cell.offset_us, mask)

    def _order(self, cell: Cell) -> tuple[int, ...]:
        """Sort cells so that each group is one range, exact before panes before those without a window."""
        ever = cell.window_us == NO_WINDOW
        long = not ever and self._is_long(cell)
        mask = self.masks.index(self._mask(cell)) if long else 0
        return (self.keys.index(cell.by), ever, long, cell.window_us, cell.offset_us, mask)

    def _place_cells(self) -> None:
        """Give every group and cell its place in the row of an entity of its key."""
        for by, of_key in groupby(self.cells, lambda cell: cell.by):
            words, first_group, pane_group = HEADER_WORDS, len(self.group_rows), -1
            evers = len(self.cell_rows)
            for group, members in groupby(of_key, self._group):
                if group is None:
                    evers = len(self.cell_rows)
                    words = self._place_evers(list(members), words)
                    continue
                if group.mask is not None and pane_group < 0:
                    pane_group = len(self.group_rows)
                words = self._place_group(group, list(members), words)
                evers = len(self.cell_rows)
            end = len(self.group_rows)
            exact_end = end if pane_group < 0 else pane_group
            reader = self.readers.index((by, by)) if (by, by) in self.readers else p.NIL
            places = [words, first_group, exact_end, end, evers, len(self.cell_rows), reader]
            self.key_rows.append([*self._rows_of(by), *places])

    def _place_evers(self, cells: list[Cell], words: int) -> int:
        for cell in cells:
            self._place_cell(cell, words, p.NIL)
            words += WORDS[cell.kind]
        return words

    def _place_group(self, group: Group, cells: list[Cell], words: int) -> int:
        first, at = len(self.cell_rows), words
        long = group.mask is not None
        words += PANE_GROUP_WORDS if long else GROUP_WORDS
        record = RECORD_HEADER
        for cell in cells:
            self._place_cell(cell, record if long else words, words if long else p.NIL)
            record += PANE_WORDS[cell.kind] if long else 0
            in_row = (TABLE_WORDS if cell.kind == p.DISTINCT else 0) if long else WORDS[cell.kind]
            words += in_row
        self.group_rows.append(
            [
                self.keys.index(group.by),
                group.window_us,
                group.offset_us,
                -(-group.window_us // PANES) if long else 0,
                at,
                first,
                len(self.cell_rows),
                0 if long else sum(cell.kind in ENTRIES for cell in cells),
                record if long else 0,
                self.masks.index(group.mask) if group.mask is not None else p.NIL,
            ]
        )
        return words

    def _place_cell(self, cell: Cell, at: int, table: int) -> None:
        value = p.NIL if cell.value is None else self.values.index(cell.value)
        mask = self.masks.index(self._mask(cell))
        self.cell_rows.append([cell.kind, at, mask, value, table])

    def _rows_of(self, by: tuple[str, ...]) -> list[int]:
        rows = [self.schema.texts.index(name) for name in by]
        if self.gates:
            place = self.gates.index(by)
            first = len(self.schema.texts) + sum(map(len, self.gates[:place]))
            rows = list(range(first, first + len(by)))
        return rows + [p.NIL] * (p.KEY_COLUMNS_MAX - len(by))

    def _source(self, name: str | None) -> list[int]:
        if name is None:
            return [p.NIL, p.NIL]
        for source, names in (
            (p.FROM_CODES, self.schema.texts),
            (p.FROM_INTS, self.schema.wholes),
            (p.FROM_FLOATS, self.schema.reals),
            (p.FROM_GIVEN, tuple(self.given)),
        ):
            if name in names:
                return [source, names.index(name)]
        return [p.FROM_TIME, 0]

    def _plan(self) -> p.Plan:
        reader_rows, reader_groups = self._readers()
        masks = [
            [p.NIL if m.where is None else self.wheres.index(m.where), *self._source(m.value)]
            for m in self.masks
        ]
        values = [[*self._source(value.name), value.coding] for value in self.values]
        return p.Plan(
            keys=_table(self.key_rows, p.KEY_WIDTH),
            key_masks=self._key_masks(),
            groups=_table(self.group_rows, p.GROUP_WIDTH),
            cells=_table(self.cell_rows, p.CELL_WIDTH),
            readers=_table(reader_rows, p.READER_WIDTH),
            reader_groups=np.array(reader_groups, np.int64),
            features=_table([self._feature(index) for index in range(len(self.features))], p.FEATURE_WIDTH),
            masks=_table(masks, 3),
            values=_table(values, 3),
            limits=self._limits(),
            buckets=BOUNDS,
        )

    def _key_masks(self) -> NDArray[np.int64]:
        bits = np.zeros((len(self.keys), max(1, (len(self.masks) + 63) // 64)), np.uint64)
        for cell in self.cells:
            mask = self.masks.index(self._mask(cell))
            bits[self.keys.index(cell.by), mask >> 6] |= np.uint64(1 << (mask & 63))
        return bits.view(np.int64)

    def _readers(self) -> tuple[list[list[int]], list[int]]:
        rows: list[list[int]] = []
        read: list[int] = []
        for read_by, by in self.readers:
            key = self.keys.index(by)
            first, end = self.key_rows[key][p.KEY_GROUPS], self.key_rows[key][p.KEY_GROUPS_END]
            wanted = {
                self.groups.index(group)
                for feature, cells in zip(self.features, self.of_features, strict=True)
                if (feature.read_by, feature.by) == (read_by, by)
                and (group := self._group(cells[0])) is not None
            }
            groups = [each for each in range(first, end) if read_by == by or each in wanted]
            rows.append(
                [*self._rows_of(read_by), key, int(read_by == by), len(read), len(read) + len(groups)]
            )
            read += groups
        return rows, read

    def _feature(self, index: int) -> list[int]:
        feature, cells = self.features[index], self.of_features[index]
        places = [self.cells.index(cell) for cell in cells] + [p.NIL] * (3 - len(cells))
        group = self._group(cells[0])
        own = cells[0].value if feature.aggregate in OF_OTHERS else None
        return [
            list(Aggregate).index(feature.aggregate),
            self.readers.index((feature.read_by, feature.by)),
            *places,
            p.NIL if group is None else self.groups.index(group),
            int(feature.include_current),
            p.NIL if own is None else self.values.index(own),
            p.FOREVER if feature.window_us is None else feature.window_us,
        ]

    def _limits(self) -> NDArray[np.int64]:
        exact = [group.window_us + group.offset_us for group in self.groups if group.mask is None]
        pane_groups = [row for row in self.group_rows if row[p.GROUP_PANE_US]]
        distinct = sum(cell.kind == p.DISTINCT for cell in self.cells)
        tables = sum(row[p.CELL_KIND] == p.DISTINCT and row[p.CELL_TABLE] >= 0 for row in self.cell_rows)
        words = (
            sum(row[p.KEY_WORDS] for row in self.key_rows)
            + sum(row[p.GROUP_RECORD_WORDS] for row in pane_groups)
            + (distinct - tables) * 2 * BLOCK_WORDS
            + tables * TABLE_WORDS_MAX
        )
        entries = 2 * sum(cell.kind in ENTRIES for cell in self.cells) + 2
        # What is not late is never too old to be counted.
        retention = self.limits.lateness_us + max([1, *exact])
        return np.array(
            [
                self.limits.lateness_us,
                retention,
                self.limits.ever_us,
                self.limits.distinct_exact,
                words,
                entries,
            ],
            np.int64,
        )
