"""Which events a share names in advance: those that a feature counted wherever a rule may still hit."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.alerts import CONTRIBUTING_MAX
from fraudstream.engine.features import FeatureStage
from fraudstream.engine.generations import Features
from fraudstream.engine.keyed.routing import PartitionGate
from fraudstream.events.batch import Ids
from fraudstream.events.interning import Interner
from fraudstream.events.packing import narrow
from fraudstream.rules.binding import Bound
from fraudstream.rules.linked import link
from fraudstream.rules.references import needed
from fraudstream.rules.ruleset import Rule
from fraudstream.rules.tree import IsNull, models, names, parts
from fraudstream.rules.view import View


class Foresight:
    """Evaluates the rules with what a share knows: features of other shares and scores are unknown.

    Where a rule then surely misses it misses in the last stage too, since three-valued logic only ever turns
    unknown into something. So whoever hits there was named here. Only `is null` takes what is unknown for an
    answer: of rules that ask so for more than columns nothing is foreseen, and everything named.
    """

    def __init__(self, bound: Bound, interner: Interner) -> None:
        program = deepcopy(bound.judge)
        self._bound = bound
        rules = [rule for rule in bound.rules if rule.features]
        masks = [program.emit_mask(program.registers[rule.outcome].negated, None) for rule in rules]
        self._unforeseen = [
            mask for mask, rule in zip(masks, rules, strict=True) if _asks_for_null(rule.rule, bound)
        ]
        self._linked = link(program, interner)
        features = sorted({feature for rule in rules for feature in rule.features})
        self._read = [
            (feature, [mask for mask, rule in zip(masks, rules, strict=True) if feature in rule.features])
            for feature in features
        ]

    def asked(self, view: View, gate: PartitionGate) -> NDArray[np.int64]:
        """Return the (feature, event of the part), int64 [k, 2] in order, that may be asked for later."""
        places = [np.empty((0, 2), np.int64)]
        if self._read:
            maybe = ~self._linked.run(self._linked.inputs(view)).masks
            maybe[self._unforeseen] = True
            for feature, masks in self._read:
                here = gate.here(self._bound.features[feature].read_by)
                events = np.flatnonzero(maybe[masks].any(axis=0) & here)
                places.append(np.column_stack([np.full(len(events), feature), events]))
        return np.concatenate(places)


def _asks_for_null(rule: Rule, bound: Bound) -> bool:
    """Tell whether a rule, or one that it rests on, asks whether a feature or a score is null."""
    return any(
        isinstance(part, IsNull)
        and (any(True for _ in models(part)) or any(each.name in owner.spec.features for each in names(part)))
        for owner in (rule, *needed(rule, bound.ruleset.rules))
        for part in parts(owner.condition)
    )


def write_evidence(
    places: NDArray[np.int64], stage: FeatureStage, features: Features
) -> dict[str, NDArray[Any]]:
    """Return the ids of the events that features counted at some places, each id once, as named arrays."""
    named = stage.named(places, features, CONTRIBUTING_MAX)
    given = named.numbers >= 0
    some = given.any(axis=1)
    return {
        "named_features": narrow(places[some, 0]),
        "named_events": narrow(places[some, 1]),
        "named_ends": narrow(np.cumsum(given.sum(axis=1)[some])),
        "named": narrow(named.numbers[given]),
        "named_ids": named.ids.data,
        "named_id_ends": narrow(named.ids.ends),
    }


class Evidence(NamedTuple):
    """What a share has named: for k features and events, by ascending both, numbers of ids."""

    features: NDArray[np.int64]
    events: NDArray[np.int64]
    ends: NDArray[np.int64]
    numbers: NDArray[np.int64]
    ids: Ids

    def of(self, feature: int, event: int) -> list[str]:
        """Return the ids of the events that a feature counted at an event of the part."""
        first = int(np.searchsorted(self.features, feature))
        stop = int(np.searchsorted(self.features, feature, "right"))
        place = first + int(np.searchsorted(self.events[first:stop], event))
        if place == stop or self.events[place] != event:
            return []
        start = int(self.ends[place - 1]) if place else 0
        return [self.ids.text(int(each)) for each in self.numbers[start : int(self.ends[place])]]


def read_evidence(arrays: Mapping[str, NDArray[Any]]) -> Evidence:
    """Return what `write_evidence` gave."""
    names = ("named_features", "named_events", "named_ends", "named", "named_id_ends")
    features, events, ends, numbers, id_ends = (arrays[name].astype(np.int64) for name in names)
    return Evidence(features, events, ends, numbers, Ids(arrays["named_ids"], id_ends))
