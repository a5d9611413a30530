"""Makes numba compile, or load from its cache, every kernel before the first event has to wait for one."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import orjson

from fraudstream.engine.generations import Features, arrivals_of
from fraudstream.engine.judging import Judge
from fraudstream.engine.models import ModelStage
from fraudstream.engine.step import Engine, Settings
from fraudstream.events.batch import EventBatch, Ids
from fraudstream.events.decode import Decoder
from fraudstream.events.interning import MISSING, Interner
from fraudstream.events.schema import Schema
from fraudstream.features import advance as walk
from fraudstream.features.catalogue import Limits
from fraudstream.features.layout import lay_out
from fraudstream.features.store import empty_frame, empty_state
from fraudstream.rules.binding import bind
from fraudstream.rules.ruleset import Ruleset, build_ruleset
from fraudstream.rules.view import View

_FILES = {
    "typologies.yml": b"""
schema: fraudstream.typologies/v1
typologies: {any: {title: Any, description: Stands for any pattern}}
""",
    "reason_codes.yml": b"""
schema: fraudstream.reason_codes/v1
reason_codes: {ANY: Anything}
""",
    "rates.yml": b"""
schema: fraudstream.rates/v1
base: USD
source: none
rates: [{from: 2020-01-01, per_base: {EUR: 0.9}}]
""",
    "any/any.yml": b"""
schema: fraudstream.rule/v1
id: ANY-ANY-001
version: 1
title: Any
status: live
owner: none
severity: low
typology: any
rationale: Hits, so that what comes after a hit is compiled as well
false_positives: [All]
investigate: [Nothing]
features:
  n: {sum: amount_usd, where: 'starts_with(debtor.id, "a")', by: debtor.id, window: 1h}
  known: {count: frauds, by: debtor.id, window: 1h}
when: n >= 0 and starts_with(debtor.id, "a000")
then: {action: review, score: 1, reason_code: ANY}
tests: {cases: []}
""",
}
_EVENT = {"kind": "transfer", "occurred_at": "2026-01-01T00:00:00Z", "amount": 1, "currency": "EUR"}


def warm_up(ruleset: Ruleset, settings: Settings) -> None:
    """Run what no ruleset changes, once, and the models of this one, all on objects that are thrown away."""
    _run_every_kernel()
    warm_models(ruleset, settings)


def warm_models(ruleset: Ruleset, settings: Settings) -> None:
    """Run all that the models of a ruleset do, which may be the first of their kind in this process."""
    # Without what they start from, which no kernel needs, and which may not fit: the check tells of that.
    empty = tuple(replace(model, start=None) for model in ruleset.models)
    ModelStage(settings.bind(replace(ruleset, models=empty, rules=())), Interner()).warm()


def warm_half(ruleset: Ruleset, settings: Settings) -> None:
    """Run what takes one half of the compiler's time: the walk through the windows, and the models."""
    schema = Schema()
    batch = _blank(schema)
    none = np.zeros((0, len(batch)), np.bool_)
    arrivals = arrivals_of(batch, none, none.astype(np.int64), none)
    layout = lay_out((), schema, Limits())
    frame = empty_frame(layout.plan, len(batch))
    walk.advance(empty_state(layout), layout.plan, arrivals, arrivals.time_us, frame, 0)
    warm_models(ruleset, settings)


def warm_other_half() -> None:
    """Run the decoder, the machine of the rules, and what frees memory between batches."""
    interner = Interner()
    batch, _ = Decoder(Schema(), interner).decode([_event("a", debtor={"id": "a"})])
    bound = bind(build_ruleset(_FILES), Schema())
    view = View(batch)
    features = (len(bound.features), len(batch))
    known = np.zeros(features, np.bool_)
    view.features = Features(np.zeros(features, np.int64), np.zeros(features), known, known[0], ())
    judgement = Judge(bound, interner).judge(view)
    layout = lay_out((), Schema(), Limits())
    walk.tidy(empty_state(layout), layout.plan, len(batch))
    judgement.vectors[bound.rules[0].when.slot].at(0)


def _blank(schema: Schema) -> EventBatch:
    """Return an event without a value, of which the decoder, whose compiling takes long, knows nothing."""
    ints, floats = np.zeros((len(schema.wholes), 1), np.int64), np.zeros((len(schema.reals), 1))
    return EventBatch(
        schema,
        np.zeros(1, np.int32),
        np.zeros(1, np.int64),
        np.full((len(schema.texts), 1), MISSING, np.int32),
        ints,
        np.zeros(ints.shape, np.bool_),
        floats,
        np.zeros(floats.shape, np.bool_),
        Ids(np.zeros(1, np.uint8), np.ones(1, np.int64)),
        Interner(),
    )


_LABEL = b'{"schema": "fraudstream.label/v1", "label": "fraud", "event_id": "000000"}'
_EVENTS = 6_000
"""So many that every table grows at least once."""


@cache
def _run_every_kernel() -> None:
    """Judge alerts, a duplicate, what kernels leave to the slow path and what is of no use; learn a label."""
    engine = Engine(build_ruleset(_FILES), Settings())
    events = [_event(f"{number:06}", debtor={"id": f"a{number:06}"}) for number in range(_EVENTS)]
    engine.step([*events, events[-1], _event("b", purpose='a "b"'), b"c"])
    engine.learn([_LABEL])


def _event(identity: str, **fields: object) -> bytes:
    return orjson.dumps({**_EVENT, "id": identity, **fields})
