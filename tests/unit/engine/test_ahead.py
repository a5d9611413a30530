"""An event dated long after its message was appended is refused, and leaves no trace in anybody's windows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from fraudstream.engine.result import StepResult
from fraudstream.engine.step import Engine, Settings
from tests.unit.rule_files import engine_of, event, rule_file, ruleset_of

COUNT = rule_file("n >= 2", features="{n: {count: events, by: debtor.id, window: 24h}}")
EIGHT_US = 1_772_438_400_000_000
"""2026-03-02T08:00:00Z, when all messages here are appended."""
AT_THE_LIMIT, BEYOND = "2026-03-02T09:00:00Z", "2026-03-02T09:00:00.000001Z"
MONTHS_AHEAD = "2026-12-01T00:00:00Z"


def step(engine: Engine, values: Sequence[bytes], appended_us: int = EIGHT_US) -> StepResult:
    """Judge messages that were all appended at one time."""
    return engine.step(values, appended_us=np.full(len(values), appended_us))


@pytest.mark.parametrize("purpose", ["rent", 'caf\u00e9 "at" noon'], ids=["kernel", "documents"])
def test_the_limit_itself_is_allowed(purpose: str) -> None:
    """An hour ahead is taken, a microsecond more is not; both decoders say so."""
    values = [event("a", AT_THE_LIMIT, purpose=purpose), event("b", BEYOND, purpose=purpose)]
    result = step(engine_of(COUNT), values)
    assert result.decisions.row.tolist() == [0]
    (letter,) = result.dead_letters
    assert (letter.row, letter.reason, letter.stage) == (1, "ahead_of_time", "validate")
    assert letter.detail == (
        "occurred_at: 3600.000001 s after the message was appended, at most 3600 s are taken: "
        "set the clock of its producer right, or raise the topology's ahead_max"
    )


def test_the_limit_is_a_setting() -> None:
    """A deployment may allow less."""
    engine = Engine(ruleset_of(COUNT), Settings(ahead_us=1_000_000))
    result = step(engine, [event("a", "2026-03-02T08:00:01Z"), event("b", "2026-03-02T08:00:01.000001Z")])
    assert [letter.row for letter in result.dead_letters] == [1]


def test_without_append_times_nothing_is_checked() -> None:
    """Neither where files are replayed, nor for a message that has no time."""
    assert engine_of(COUNT).step([event("a", MONTHS_AHEAD)]).dead_letters == []
    assert step(engine_of(COUNT), [event("a", MONTHS_AHEAD)], appended_us=-1).dead_letters == []


def test_the_windows_of_others_survive() -> None:
    """After an event months ahead the next payment is neither late nor alone in its window."""
    engine = engine_of(COUNT)
    step(engine, [event("a")])
    assert step(engine, [event("x", MONTHS_AHEAD, debtor={"id": "c2"})]).dead_letters
    result = step(engine, [event("b", "2026-03-02T08:01:00Z")])
    assert (result.late, result.rule_outcomes.tolist()) == (0, [[1, 0, 0]])


def test_neither_its_id_nor_its_texts_are_remembered() -> None:
    """The same event with the right time is no duplicate, and what the refused one names takes no memory."""
    engine = engine_of(COUNT)
    step(engine, [event("a")])
    before = engine.stats().texts
    assert step(engine, [event("x", MONTHS_AHEAD, debtor={"id": "nobody else"})]).dead_letters
    assert engine.stats().texts == before
    assert step(engine, [event("x")]).duplicates == 0


def test_another_fault_is_told_first() -> None:
    """Only what would be an event is called ahead of its time."""
    (letter,) = step(engine_of(COUNT), [event("a", MONTHS_AHEAD, amount=-1)]).dead_letters
    assert letter.reason == "negative_amount"


def test_each_message_has_its_own_append_time() -> None:
    """In a batch that is folded slice by slice too."""
    values = [event(f"e{number}", BEYOND) for number in range(2_500)]
    appended_us = np.full(len(values), EIGHT_US + 1)
    appended_us[[3, 1_700]] = EIGHT_US
    result = engine_of(COUNT).step(values, appended_us=appended_us)
    assert [letter.row for letter in result.dead_letters] == [3, 1_700]
