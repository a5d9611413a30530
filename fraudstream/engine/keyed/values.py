"""How the values of features travel from a share to the last stage: key by key, in few bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.generations import Features
from fraudstream.engine.keyed.routing import Columns
from fraudstream.events.dictionary import Dictionary, Worded, read
from fraudstream.events.interning import MISSING, Interner
from fraudstream.events.packing import narrow, pack_bits, unpack_bits
from fraudstream.rules.binding import Bound
from fraudstream.rules.types import Kind

Arrays = dict[str, NDArray[Any]]
Rows = NDArray[np.intp]
Here = Mapping[Columns, NDArray[np.bool_]]
"""At which of n events an entity is kept by some share, key by key."""


class _Read(NamedTuple):
    """The features that are read by one key, by how their values travel."""

    key: Columns
    texts: Rows
    spans: Rows
    """Times and durations, which need all their bits."""
    wholes: Rows
    reals: Rows

    @property
    def all(self) -> Rows:
        return np.concatenate([self.texts, self.spans, self.wholes, self.reals])


class ValueCodec:
    """Writes and reads the values of a ruleset's features."""

    def __init__(self, bound: Bound) -> None:
        self._features = len(bound.features)
        keys = dict.fromkeys(each.read_by for each in bound.features)
        self._reads = [_read_by(key, bound) for key in keys]

    def write(self, features: Features, here: Here, words: Dictionary) -> Arrays:
        """Return the values at those events of a part whose entities are `here`, as named arrays."""
        arrays: Arrays = {}
        for number, each in enumerate(self._reads):
            events = np.flatnonzero(here[each.key])
            if not len(events):
                continue
            known = features.known[np.ix_(each.all, events)]
            arrays[f"{number}.known"] = pack_bits(known)
            for name, rows in (("spans", each.spans), ("wholes", each.wholes)):
                values = _where_known(features.ints, features.known, rows, events, 0)
                arrays[f"{number}.{name}"] = narrow(values)
            arrays[f"{number}.reals"] = _where_known(features.floats, features.known, each.reals, events, 0.0)
            if len(each.texts):
                codes = _where_known(features.ints, features.known, each.texts, events, MISSING)
                worded = words.write(codes.astype(np.int32))
                arrays[f"{number}.words"] = narrow(worded.numbers)
                arrays[f"{number}.word_data"], arrays[f"{number}.word_ends"] = worded.data, worded.ends
        return arrays

    def blank(self, lateness: NDArray[np.int8]) -> Features:
        """Return features of which nothing is known, at n events."""
        shape = (self._features, len(lateness))
        return Features(np.zeros(shape, np.int64), np.zeros(shape), np.zeros(shape, np.bool_), lateness, ())

    def read(
        self,
        arrays: Arrays,
        here: Here,
        features: Features,
        interner: Interner,
    ) -> None:
        """Put the values of a share into the features of the whole stretch; `here` is by its events."""
        for number, each in enumerate(self._reads):
            events = np.flatnonzero(here[each.key])
            if not len(events):
                continue
            known = unpack_bits(arrays[f"{number}.known"], len(events))
            features.known[np.ix_(each.all, events)] = known
            features.ints[np.ix_(each.spans, events)] = arrays[f"{number}.spans"]
            features.ints[np.ix_(each.wholes, events)] = arrays[f"{number}.wholes"]
            features.floats[np.ix_(each.reals, events)] = arrays[f"{number}.reals"]
            if len(each.texts):
                ends = arrays[f"{number}.word_ends"]
                numbers = arrays[f"{number}.words"].astype(np.int32)
                worded = Worded(numbers, arrays[f"{number}.word_data"], ends)
                features.ints[np.ix_(each.texts, events)] = read(worded, interner)


def _read_by(key: Columns, bound: Bound) -> _Read:
    texts: list[int] = []
    spans: list[int] = []
    wholes: list[int] = []
    reals: list[int] = []
    for row, feature in enumerate(bound.features):
        if feature.read_by != key:
            continue
        kind = bound.types[row].kind
        if bound.in_floats[row]:
            reals.append(row)
        elif kind is Kind.TEXT:
            texts.append(row)
        else:
            (spans if kind in (Kind.DURATION, Kind.TIME) else wholes).append(row)
    return _Read(key, *(np.array(rows, np.intp) for rows in (texts, spans, wholes, reals)))


def _where_known(
    values: NDArray[Any], known: NDArray[np.bool_], rows: Rows, events: Rows, blank: Any
) -> NDArray[Any]:
    place = np.ix_(rows, events)
    return np.where(known[place], values[place], blank)
