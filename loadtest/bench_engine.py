"""Measures the engine alone: steps by batch size, the shares of the stages, and the model against River."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from statistics import median

import numpy as np
from river import anomaly, preprocessing

from fraudstream.engine.step import Engine
from fraudstream.rules.ruleset import Ruleset
from fraudstream.scorers.config import ModelSpec, build_scorer
from loadtest.bench_rules import HEIGHT, MODEL_INPUTS, SEED, TREES, WARM_UP_EVENTS, WINDOW_EVENTS
from loadtest.bench_stages import Clock, Stages

BATCH_SIZES = (1, 10, 100, 500, 2_000)
USUAL_BATCH = 500
WARM_UP = 25_000
"""Events before the clock starts: a day of traffic, so that every window is as full as it gets."""
PASSES = 5
PASS_SECONDS = 0.5
RIVER_ROWS = 10_000
FAST_ROWS = 200_000

Payloads = Sequence[bytes]


def engine_events_per_s(ruleset: Ruleset, payloads: Payloads) -> dict[int, float]:
    """Return the events that one engine judges per second, bytes in to result out, by batch size.

    The median of several passes over successive parts of the stream; the sizes take turns, so that whatever
    else the machine does falls on all of them.
    """
    engines = {size: _warm_engine(ruleset, payloads[:WARM_UP]) for size in BATCH_SIZES}
    streams = {size: batches(payloads[WARM_UP:], size) for size in BATCH_SIZES}
    passes = [{size: _one_pass(engines[size], streams[size]) for size in BATCH_SIZES} for _ in range(PASSES)]
    return {size: median(rate for each in passes if (rate := each[size])) for size in BATCH_SIZES}


def _warm_engine(ruleset: Ruleset, payloads: Payloads) -> Engine:
    engine = Engine(ruleset)
    for batch in batches(payloads, USUAL_BATCH):
        engine.step(batch)
    return engine


def _one_pass(engine: Engine, stream: Iterator[Payloads]) -> float | None:
    """Return the rate over `PASS_SECONDS`, None where the stream ends before."""
    events = 0
    start = time.perf_counter()
    for batch in stream:
        engine.step(batch)
        events += len(batch)
        seconds = time.perf_counter() - start
        if seconds >= PASS_SECONDS:
            return events / seconds
    return None


def batches(payloads: Payloads, size: int) -> Iterator[Payloads]:
    """Cut a stream into batches."""
    for start in range(0, len(payloads), size):
        yield payloads[start : start + size]


def stage_us_per_event(
    ruleset: Ruleset, payloads: Payloads, size: int = USUAL_BATCH, events: int = 3 * WARM_UP
) -> dict[str, float]:
    """Return the microseconds that each stage of a step takes per event, in batches of `size`."""
    stages = Stages(ruleset)
    for batch in batches(payloads[:WARM_UP], USUAL_BATCH):
        stages.step(batch, Clock())
    clock = Clock()
    measured = payloads[WARM_UP : WARM_UP + events]
    for batch in batches(measured, size):
        stages.step(batch, clock)
    return {stage: seconds / len(measured) * 1e6 for stage, seconds in clock.seconds.items()}


def hst_speedup() -> float:
    """Return how many times as fast as River the fast path scores and learns, in batches of the usual size.

    Both get the same rows; River gets them as the dicts that it takes, made before the clock starts. Raises
    AssertionError where their scores differ.
    """
    features = [f"x{number}" for number in range(MODEL_INPUTS)]
    x = np.random.default_rng(SEED).lognormal(size=(FAST_ROWS, MODEL_INPUTS))
    rows = [dict(zip(features, row, strict=True)) for row in x[:RIVER_ROWS].tolist()]
    river = preprocessing.MinMaxScaler() | anomaly.HalfSpaceTrees(
        n_trees=TREES, height=HEIGHT, window_size=WINDOW_EVENTS, seed=SEED
    )
    expected = np.empty(RIVER_ROWS)
    start = time.perf_counter()
    for index, row in enumerate(rows):
        expected[index] = river.score_one(row)
        river.learn_one(row)
    river_seconds = (time.perf_counter() - start) / RIVER_ROWS
    raw, fast_seconds = _fast_path(features, x)
    assert np.array_equal(raw[:RIVER_ROWS], expected), "the fast path no longer gives River's scores"
    return river_seconds / fast_seconds


def _fast_path(
    features: list[str], x: np.ndarray[tuple[int, int], np.dtype[np.float64]]
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], float]:
    """Return the raw scores and the seconds per row, those of compiling left out."""
    estimator = {"kind": "half_space_trees", "trees": TREES, "height": HEIGHT, "window": WINDOW_EVENTS}
    spec = {"id": "x", "features": {name: name for name in features}, "estimator": estimator}
    model = ModelSpec.model_validate({**spec, "warm_up": WARM_UP_EVENTS, "seed": SEED})
    build_scorer(model).score_and_learn(x[: 2 * WINDOW_EVENTS])
    scorer = build_scorer(model)
    start = time.perf_counter()
    scores = [
        scorer.score_and_learn(x[first : first + USUAL_BATCH]).raw for first in range(0, len(x), USUAL_BATCH)
    ]
    return np.concatenate(scores), (time.perf_counter() - start) / len(x)
