"""Measures what more rules and more entities cost: the time of a whole step per event."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from statistics import median

from fraudstream.engine.step import Engine
from fraudstream.rules.ruleset import Ruleset, build_ruleset
from loadtest.bench_engine import USUAL_BATCH, batches
from loadtest.bench_entities import drawn
from loadtest.bench_rules import RULES, bench_files, rule_ids

RULE_COUNTS = (RULES, 100, 250, 500, 1_000)
ENTITY_COUNTS = (50_000, 150_000, 500_000)
EVENTS_PER_DAY = 3.0
"""Of one entity: the longest window of the benchmark's rules is a day."""
WARM_UP = 10_000
"""Events before the clock starts where only rules are compared."""
PASSES = 11
PASS_EVENTS = 4_000


@dataclass(frozen=True)
class Curve:
    """Microseconds per event by how many rules or entities there are, the fewest first."""

    us_per_event: dict[int, float]
    ratios: dict[int, float]
    """To the fewest, the median over passes."""


def curve(passes: Sequence[dict[int, float]]) -> Curve:
    """Sum up passes, each of which gives every size its microseconds per event."""
    fewest = min(passes[0])
    return Curve(
        {size: median(each[size] for each in passes) for size in passes[0]},
        {size: median(each[size] / each[fewest] for each in passes) for size in passes[0]},
    )


@contextmanager
def _untracked() -> Iterator[None]:
    """Keep the collector off all that stands: the objects of the largest would slow down the smallest."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def cost_of_rules(payloads: Sequence[bytes]) -> Curve:
    """Measure engines with more and more rules over the same features and the same events, in turns."""
    largest = build_ruleset(bench_files(max(RULE_COUNTS)))
    engines = {count: Engine(_first_rules(largest, count)) for count in RULE_COUNTS}
    for engine in engines.values():
        _advance(engine, payloads[:WARM_UP])
    rest = [*batches(payloads[WARM_UP:], PASS_EVENTS)][:PASSES]
    with _untracked():
        return curve(
            [{count: _us_per_event(engine, part) for count, engine in engines.items()} for part in rest]
        )


def _first_rules(ruleset: Ruleset, count: int) -> Ruleset:
    wanted = rule_ids(count)
    return replace(ruleset, rules=tuple(rule for rule in ruleset.rules if rule.spec.id in wanted))


def cost_of_entities(ruleset: Ruleset) -> Curve:
    """Measure engines that hold more and more entities, each of them after a whole day, in turns."""
    streams = {entities: drawn(entities, EVENTS_PER_DAY, seed=entities) for entities in ENTITY_COUNTS}
    engines = {entities: Engine(ruleset) for entities in ENTITY_COUNTS}
    for entities, engine in engines.items():
        # Every event names one entity of each of six keys; a twentieth more than a day, so that events leave.
        for part in batches_of(streams[entities], int(entities / 6 * EVENTS_PER_DAY * 1.05), PASS_EVENTS):
            _advance(engine, part)
    with _untracked():
        return curve(
            [
                {n: _us_per_event(engines[n], [*islice(streams[n], PASS_EVENTS)]) for n in ENTITY_COUNTS}
                for _ in range(PASSES)
            ]
        )


def batches_of(stream: Iterator[bytes], events: int, size: int) -> Iterator[list[bytes]]:
    """Cut the next events of a stream into batches."""
    for start in range(0, events, size):
        yield [*islice(stream, min(size, events - start))]


def _advance(engine: Engine, payloads: Sequence[bytes]) -> None:
    for batch in batches(payloads, USUAL_BATCH):
        engine.step(batch)


def _us_per_event(engine: Engine, payloads: Sequence[bytes]) -> float:
    start = time.perf_counter()
    _advance(engine, payloads)
    return (time.perf_counter() - start) / len(payloads) * 1e6
