"""What the model adds to the time of an event in the whole pipeline."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fraudstream.engine.step import Engine
from fraudstream.stores.rule_directory import load_ruleset
from loadtest.traffic import generate

RULES = Path(__file__).parents[2] / "rules"
BATCH = 500
EVENTS = 60_000
ROUNDS = 5


def model_us_per_event(rules: Path = RULES, events: int = EVENTS, rounds: int = ROUNDS) -> float:
    """Return the microseconds that the models of a rule directory, and their windows, add to an event.

    The same events go by batches of 500 through an engine with the models and one without, in turns; the
    fastest of the rounds count, since whatever else the machine does only adds.
    """
    ruleset, payloads = load_ruleset(rules), generate(events).payloads
    without = replace(ruleset, models=())
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(rounds):
        for has_model, each in ((True, ruleset), (False, without)):
            seconds[has_model].append(_seconds(Engine(each, any_score=True), payloads))
    return (min(seconds[True]) - min(seconds[False])) / events * 1e6


def _seconds(engine: Engine, payloads: Sequence[bytes]) -> float:
    started = time.perf_counter()
    for start in range(0, len(payloads), BATCH):
        engine.step(payloads[start : start + BATCH])
    return time.perf_counter() - started
