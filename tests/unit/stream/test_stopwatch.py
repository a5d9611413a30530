"""The stages of a step are timed from outside."""

from __future__ import annotations

from itertools import count

import pytest

from fraudstream.engine.step import Engine
from fraudstream.stream.batch import Batch
from fraudstream.stream.shard import Shard
from fraudstream.stream.stopwatch import Stopwatch
from tests.unit.rule_files import engine_of, event, rule_file
from tests.unit.stream.fakes import record

LATE_MS = 2**42


@pytest.fixture
def engine() -> Engine:
    """An engine with one rule."""
    return engine_of(rule_file())


def test_every_stage_of_a_step_is_timed(engine: Engine) -> None:
    """A clock that goes on by one at each look gives each one, and again for each slice of a large batch."""
    ticks = count()
    watch = Stopwatch(lambda: next(ticks))
    watch.start(engine)
    engine.step([event("a")])
    assert watch.seconds == dict.fromkeys(("decode", "features", "score", "judge", "decide"), 1)
    watch.start(engine)
    engine.step([event(f"b{number}") for number in range(2_500)])
    assert watch.seconds["judge"] == 3
    watch.start(engine)
    engine.learn([b"{}"])
    assert watch.seconds == {"learn": 1}


def test_a_shard_times_each_fold_anew(engine: Engine) -> None:
    """What was timed of a recovery does not stand with the next batch."""
    shard = Shard(engine)
    shard.fold(Batch(("events", 0), [record(0, event("a"), timestamp=LATE_MS)]))
    first = shard.stopwatch.seconds
    assert set(first) == {"decode", "features", "score", "judge", "decide"}
    shard.fold(Batch(("events", 0), [record(1, b"no event")]))
    assert set(shard.stopwatch.seconds) == {"decode"}
    assert "judge" in first


def test_timing_changes_no_decision(engine: Engine) -> None:
    """The engine is told of no time."""
    timed = engine_of(rule_file())
    Stopwatch().start(timed)
    values = [event(f"a{number}", amount=number) for number in range(300)]
    told = [[alert.value for alert in each.step(values).alerts] for each in (timed, engine)]
    assert told[0] == told[1] != []
