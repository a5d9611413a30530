"""Feature stores by generation: one for what the first ruleset counts, one more for what each reload adds.

A feature lives in the store of the generation in which it began, as long as the rulesets in force want it.
So a reload moves no state and takes no time, and what a new feature counts begins where the feature does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from fraudstream.engine.gating import Gate
from fraudstream.events.batch import EventBatch
from fraudstream.events.schema import Schema
from fraudstream.features.catalogue import Aggregate, Feature, Labelled, Limits
from fraudstream.features.state import Arrivals, Frame
from fraudstream.features.store import FeatureStore
from fraudstream.rules import operators
from fraudstream.rules.binding import Bound
from fraudstream.rules.errors import Problem, RulesetError
from fraudstream.rules.program import Program, Register
from fraudstream.rules.tree_json import node_from_json, to_json
from fraudstream.rules.vm_code import Outputs

GENERATIONS_MAX = 16
"""Each costs some 10 microseconds a batch."""


class Features(NamedTuple):
    """The values of all features of a bound ruleset, in its order, and the frames that they come from."""

    ints: NDArray[np.int64]  # [features, n]
    floats: NDArray[np.float64]  # [features, n]
    known: NDArray[np.bool_]  # [features, n]
    lateness: NDArray[np.int8]  # [n]
    frames: tuple[Frame, ...]  # by generation


class Generation:
    """Features that began together, and which outputs of a program feed their store."""

    def __init__(self, store: FeatureStore, bound: Bound, program: Program) -> None:
        self.store = store
        layout = store.layout
        self._masks, self._wholes = program.sizes["masks"], program.sizes["wholes"]
        for where in layout.wheres:
            # What only features that are gone would count is not counted any more.
            known = bound.conditions.get(where)  # type: ignore[call-overload]
            truth = program.registers[known.slot] if known else operators.truth(program, False)
            program.emit_mask(truth, None)
        for name in layout.given:
            value = _value(name, bound, program)
            program.emit_mask(None, value)
            program.emit_whole(value)

    def advance(
        self, batch: EventBatch, found: Outputs, watermark_us: NDArray[np.int64], gate: Gate | None
    ) -> Frame:
        """Count the events of a batch and read every feature at each; see `FeatureStore.advance`."""
        layout = self.store.layout
        given = self._masks + len(layout.wheres)
        wheres = found.masks[self._masks : given]
        values = found.wholes[self._wholes : self._wholes + len(layout.given)]
        known = found.masks[given : given + len(layout.given)]
        arrivals = arrivals_of(batch, wheres, values, known)
        if gate is not None:
            arrivals = arrivals._replace(codes=gate.through(batch, layout.gates))
        return self.store.advance(arrivals, watermark_us)

    @property
    def of_labels(self) -> bool:
        """Whether its features count what becomes known of events later."""
        return any(feature.of_labels for feature in self.store.features)

    def learn(self, batch: EventBatch, fraud: NDArray[np.bool_]) -> None:
        """Count events, dated when their labels became known; `fraud` [n] says what they are."""
        layout = self.store.layout
        masks = {Labelled.ALL: np.ones(len(batch), np.bool_), Labelled.FRAUD: fraud}
        wheres = np.array([masks[where] for where in layout.wheres])  # type: ignore[index]
        nothing = np.zeros((len(layout.given), len(batch)), np.int64)
        self.store.advance(arrivals_of(batch, wheres, nothing, nothing.astype(np.bool_)))


def arrivals_of(
    batch: EventBatch, wheres: NDArray[np.bool_], values: NDArray[np.int64], known: NDArray[np.bool_]
) -> Arrivals:
    """Return a batch as the windows take it, with what the rules say of it: see `Arrivals`."""
    return Arrivals(
        batch.time_us,
        batch.codes,
        batch.ints,
        batch.ints_known,
        batch.floats,
        batch.floats_known,
        batch.ids.ends,
        batch.ids.data,
        wheres,
        values,
        known,
    )


def _value(name: str, bound: Bound, program: Program) -> Register:
    symbol = bound.scope.find(name)
    # A rate that is gone: the converted amount is unknown from now on.
    return operators.unknown(program) if symbol is None else symbol.read(program)


class Change(NamedTuple):
    """Which stores a ruleset goes on with, and which features begin: those of events, those of labels."""

    kept: list[FeatureStore]
    of_events: list[Feature]
    of_labels: list[Feature]


def change_to(bound: Bound, old: Bound | None, known: Sequence[FeatureStore]) -> Change:
    """Return what a ruleset changes.

    `known` are the stores of the ruleset in force, `old`; a feature that it does not want begins anew even
    where a store still has it. RulesetError where there would be one generation too many.
    """
    places = {} if old is None else dict(zip(old.features, places_of(old, known), strict=True))
    wanted = {places[feature][0] for feature in bound.features if feature in places}
    kept = [store for generation, store in enumerate(known) if generation in wanted]
    added = [feature for feature in bound.features if feature not in places]
    of_labels = [feature for feature in added if feature.of_labels]
    of_events = [feature for feature in added if not feature.of_labels]
    if len(kept) + bool(of_events) + bool(of_labels) > GENERATIONS_MAX:
        message = (
            f"{GENERATIONS_MAX} reloads have added features that are still used: restart the worker, "
            "so that all begin together"
        )
        raise RulesetError([Problem("rules", 1, 1, message)])
    return Change(kept, of_events, of_labels)


def stores_for(
    bound: Bound,
    limits: Limits,
    watermark_us: int,
    old: Bound | None = None,
    known: Sequence[FeatureStore] = (),
    *,
    gated: bool = False,
    filled: FeatureStore | None = None,
) -> list[FeatureStore]:
    """Return the stores of a ruleset: those that have some of its features, and a new one for the others.

    `filled` has the new features of events already. Otherwise as `change_to`.
    """
    stores, of_events, of_labels = change_to(bound, old, known)
    if filled is not None and filled.features == tuple(of_events):
        stores.append(filled)
        of_events = []
    wanted_anew = [of_events] if of_events or not stores else []
    # What labels count is counted apart, by what events do not move.
    wanted_anew += [of_labels] if of_labels else []
    for features in wanted_anew:
        stores.append(FeatureStore(features, bound.schema, limits, gated=gated))
        stores[-1].begin(watermark_us)
    return stores


def places_of(bound: Bound, stores: Sequence[FeatureStore]) -> list[tuple[int, int]]:
    """Return for each feature of a ruleset its newest generation and its number there."""
    places = {
        feature: (generation, index)
        for generation, store in enumerate(stores)
        for index, feature in enumerate(store.features)
    }
    return [places[feature] for feature in bound.features]


def generation_snapshot(store: FeatureStore) -> dict[str, Any]:
    """Return what a store computes, as JSON, and its state."""
    features = [
        {**asdict(replace(each, where=None)), "where": to_json(each.where)} for each in store.features
    ]
    return {"features": orjson.dumps(features), "state": store.snapshot()}


def restored_generation(
    snapshot: Mapping[str, Any], schema: Schema, limits: Limits, *, gated: bool = False
) -> FeatureStore:
    """Return the store of a snapshot."""
    features = [
        Feature(
            **{
                **plain,
                "aggregate": Aggregate(plain["aggregate"]),
                "where": _where(plain["where"]),
                "by": tuple(plain["by"]),
                "read_by": tuple(plain["read_by"]),
            }
        )
        for plain in orjson.loads(snapshot["features"])
    ]
    store = FeatureStore(features, schema, limits, gated=gated)
    store.restore(snapshot["state"])
    return store


def _where(plain: Any) -> Any:
    return Labelled(plain) if isinstance(plain, str) else node_from_json(plain)
