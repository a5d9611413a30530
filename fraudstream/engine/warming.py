"""Makes numba compile, or load from its cache, every kernel before the first event has to wait for one."""

from __future__ import annotations

from functools import cache

import orjson

from fraudstream.engine.models import ModelStage
from fraudstream.engine.step import Engine, Settings
from fraudstream.events.interning import Interner
from fraudstream.rules.binding import bind
from fraudstream.rules.ruleset import Ruleset, build_ruleset

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
features: {n: {sum: amount_usd, where: 'starts_with(debtor.id, "a")', by: debtor.id, window: 1h}}
when: n >= 0 and starts_with(debtor.id, "a000")
then: {action: review, score: 1, reason_code: ANY}
tests: {cases: []}
""",
}
_EVENT = {"kind": "transfer", "occurred_at": "2026-01-01T00:00:00Z", "amount": 1, "currency": "EUR"}


def warm_up(ruleset: Ruleset, settings: Settings) -> None:
    """Run what no ruleset changes, once, and the models of this one, all on objects that are thrown away."""
    _run_every_kernel()
    ModelStage(bind(ruleset, settings.schema), Interner()).warm()


_EVENTS = 6_000
"""So many that every table grows at least once."""


@cache
def _run_every_kernel() -> None:
    """Judge alerts, a duplicate, a message that the kernels leave to the slow path, and one of no use."""
    engine = Engine(build_ruleset(_FILES), Settings())
    events = [_event(f"{number:06}", debtor={"id": f"a{number:06}"}) for number in range(_EVENTS)]
    engine.step([*events, events[-1], _event("b", purpose='a "b"'), b"c"])


def _event(identity: str, **fields: object) -> bytes:
    return orjson.dumps({**_EVENT, "id": identity, **fields})
