"""Expressions by themselves: compiled, linked and run over one made-up batch, without rules and windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.batch import EventBatch, Ids
from fraudstream.events.interning import MISSING, Interner
from fraudstream.events.rates import RateTable
from fraudstream.events.schema import Column, ColumnType, Schema
from fraudstream.events.times import day_us, parse_time
from fraudstream.rules.compile import expression
from fraudstream.rules.currencies import Currencies
from fraudstream.rules.linked import link
from fraudstream.rules.lists import ListEntry, NamedList
from fraudstream.rules.parse import parse
from fraudstream.rules.program import Program
from fraudstream.rules.scope import Scope, feature_symbol
from fraudstream.rules.tree import Node
from fraudstream.rules.types import TEXT, number
from fraudstream.rules.vectors import Vectors
from fraudstream.rules.view import View
from fraudstream.rules.yaml_file import YamlFile

SCHEMA = Schema().with_columns(
    (
        Column("tries", ColumnType.INTEGER),
        Column("size", ColumnType.INTEGER),
        Column("weight", ColumnType.NUMBER),
    )
)
RATES = RateTable(
    "USD", ((date(2024, 1, 1), {"EUR": 0.5, "JPY": 100.0}), (date(2026, 1, 1), {"EUR": 0.8, "JPY": 200.0}))
)
NOW = "2026-03-02T08:15:30Z"
"""A Monday."""


def _list(name: str, *entries: tuple[str, str | None, str | None]) -> NamedList:
    listed = tuple(ListEntry(value, _day_us(start), _day_us(end), None) for value, start, end in entries)
    return NamedList(name, name, "invented", date(2026, 1, 1), listed, YamlFile(name, {}, {}))


def _day_us(day: str | None) -> int | None:
    return None if day is None else day_us(date.fromisoformat(day))


LISTS = {
    "risky": _list(
        "risky",
        ("KP", None, None),
        ("IR", "2026-03-02", None),
        ("MM", None, "2026-03-02"),
        ("SY", None, "2025-01-01"),
        ("SY", "2026-01-01", None),
    ),
    "free": _list("free", ("2026-03-02", None, None), ("2026-03-04", None, "2026-01-01")),
}
SCOPE = Scope(
    SCHEMA,
    Currencies(SCHEMA, RATES),
    frozenset({"anomaly"}),
    {
        "n": feature_symbol(0, number("count"), is_float=False),
        "mean": feature_symbol(1, number("km"), is_float=True),
        "word": feature_symbol(2, TEXT, is_float=False),
    },
    LISTS,
)


class _Frame(NamedTuple):
    ints: NDArray[np.int64]
    floats: NDArray[np.float64]
    known: NDArray[np.bool_]


def batch_of(events: Sequence[Mapping[str, Any]], interner: Interner) -> EventBatch:
    """Return events given by column; what is not given is missing, `occurred_at` is NOW."""
    count = len(events)
    codes = np.full((len(SCHEMA.texts), count), MISSING, np.int32)
    wholes, reals = np.zeros((len(SCHEMA.wholes), count), np.int64), np.zeros((len(SCHEMA.reals), count))
    wholes_known, reals_known = np.zeros(wholes.shape, np.bool_), np.zeros(reals.shape, np.bool_)
    time_us = np.full(count, parse_time(NOW), np.int64)
    for index, event in enumerate(events):
        for name, value in event.items():
            if name == "occurred_at":
                time_us[index] = parse_time(value)
            elif value is not None and name in SCHEMA.row_of:
                row = SCHEMA.row_of[name]
                if name in SCHEMA.texts:
                    codes[row, index] = interner[value]
                elif name in SCHEMA.wholes:
                    wholes[row, index], wholes_known[row, index] = value, True
                else:
                    reals[row, index], reals_known[row, index] = value, True
    ids = Ids.of([str(index) for index in range(count)])
    rows = np.arange(count, dtype=np.int32)
    return EventBatch(SCHEMA, rows, time_us, codes, wholes, wholes_known, reals, reals_known, ids, interner)


def view_of(events: Sequence[Mapping[str, Any]], interner: Interner) -> View:
    """Return a batch with the features `n`, `mean` and `word` and the score of `anomaly`."""
    view = View(batch_of(events, interner))
    frame = _Frame(
        np.zeros((3, len(events)), np.int64), np.zeros((3, len(events))), np.zeros((3, len(events)), np.bool_)
    )
    for index, event in enumerate(events):
        for row, name in enumerate(("n", "mean", "word")):
            value = event.get(name)
            frame.known[row, index] = value is not None
            if value is not None:
                (frame.floats if name == "mean" else frame.ints)[row, index] = (
                    interner[value] if name == "word" else value
                )
    view.features = frame
    scores = [event.get("score") for event in events]
    view.scores["anomaly"] = np.array([np.nan if each is None else each for each in scores])
    return view


def values(expressions: Sequence[str | Node], events: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """Return what each expression gives at each event; amounts in minor units, texts as codes."""
    program, interner = Program(), Interner()
    nodes = [parse(each) if isinstance(each, str) else each for each in expressions]
    compiled = [expression(program, node, SCOPE) for node in nodes]
    linked = link(program, interner)
    view = view_of(events, interner)
    vectors = Vectors(linked, linked.inputs(view))
    vectors.keep(range(len(events)))
    return [[vectors[each.slot].at(event) for event in range(len(events))] for each in compiled]


def value(text: str | Node, **event: Any) -> Any:
    """Return what one expression gives at one event."""
    return values([text], [event])[0][0]
