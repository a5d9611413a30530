"""Labels of a history become known to the engine in their time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest

from fraudstream.engine.step import Settings
from fraudstream.workbench.answers import Answers, LabelColumn, LabelFile, Several, read_label_file
from fraudstream.workbench.arrivals import Arrivals
from fraudstream.workbench.backtest import Backtest
from fraudstream.workbench.diff import Diff
from fraudstream.workbench.lessons import Lessons, Taught, taught_of, turns_of
from fraudstream.workbench.observing import Observer
from fraudstream.workbench.sources import SourceError
from fraudstream.workbench.thresholds import thresholds
from fraudstream.workbench.tune import tune
from tests.unit.rule_files import event, rule_file, ruleset_of
from tests.unit.workbench.histories import Given

DAY_US = 86_400_000_000
KNOWN = rule_file(
    "known >= least", params="{least: 1}", features="{known: {count: frauds, by: debtor.id, window: 30d}}"
)
"""Hits where a fraud of the payer is known."""


def days(*numbers: int, **fields: int) -> list[bytes]:
    """Return an event on each of some days of March."""
    return [event(f"e{number}", f"2026-03-{number:02}T08:00:00Z", **fields) for number in numbers]


def turns(messages: Sequence[bytes], answers: Answers, delay_us: int | None = None) -> list[tuple[int, int]]:
    """Return of each turn how many labels and how many messages it has."""
    lessons = Lessons(Settings(), answers, delay_us)
    return [(len(each.labels), len(each.messages)) for each in turns_of([messages], lessons)]


def test_a_history_is_cut_where_a_label_became_known() -> None:
    """An event of the very moment does not know it yet, the next later one does."""
    known_us = 1_772_784_000_000_000  # 2026-03-06T08:00:00Z
    answers = LabelFile({"e2": True}, {"e2": known_us})
    assert turns(days(2, 4, 6, 7), answers) == [(0, 3), (1, 1)]
    assert turns(days(2, 4, 6), answers) == [(0, 3)]


def test_a_delay_dates_what_nobody_has_dated() -> None:
    """It counts from the event; without it such labels are not taught."""
    answers = LabelColumn("fraud")
    assert turns(days(2, 4, 6, 7, fraud=1), answers, 3 * DAY_US) == [(0, 2), (1, 2)]
    assert turns(days(2, 4, 6, 7, fraud=1), answers) == [(0, 4)]


def test_a_label_never_comes_before_its_event() -> None:
    """One that is dated earlier, by a mistake or for a late event, follows at once."""
    answers = LabelFile({"e4": True}, {"e4": 0})
    assert turns(days(2, 4, 6), answers) == [(0, 2), (1, 1)]


def test_only_what_is_an_event_moves_the_clock() -> None:
    """A message that is refused teaches nothing early, whatever its date."""
    refused = event("x", "2026-12-01T00:00:00Z", amount="much")
    answers = LabelFile({"e2": True}, {"e2": 1_772_784_000_000_000})
    assert turns([*days(2), refused, *days(4)], answers) == [(0, 3)]


def test_a_topic_has_a_clock_of_its_own() -> None:
    """When a message was appended counts, and not what date an event bears."""
    answers = LabelFile({"e2": True}, {"e2": 5_000_000})
    arrivals = Arrivals(days(2, 4, 6), np.array([4_000_000, 5_000_000, 6_000_000]))
    lessons = Lessons(replace(Settings(), ahead_us=10**18), answers)
    assert [(len(each.labels), len(each.messages)) for each in lessons.turns([arrivals])] == [(0, 2), (1, 1)]


def test_recorded_labels_stay_in_their_places() -> None:
    """They are learned as they come, and counted."""
    line = b'{"schema": "fraudstream.label/v1", "event_id": "e2", "label": "fraud"}'
    labels = Arrivals([line], np.array([-1]), are_labels=True)
    observer = Observer(ruleset_of(KNOWN), Settings())
    for turn in turns_of([days(2), labels, days(4)], Lessons(Settings(), LabelFile({}))):
        observer.take(turn)
    assert taught_of(observer.taught, None) == Taught(fraud=1)


def test_several_answers_date_their_own_labels() -> None:
    """The time is that of the answer whose label counts."""
    several = Several(
        [LabelFile({"e2": True}, {"e2": 0}), LabelFile({"e2": False, "e4": True}, {"e2": 9, "e4": 7})]
    )
    messages = days(2, 4, 6)
    seen = next(iter(Lessons(Settings(), several)._reader.read(messages) for _ in range(1)))
    assert several.known_us(seen).tolist() == [0, 7, -1]


def test_what_was_taught_is_counted() -> None:
    """And so is what came too late, twice, not before the end, or without a time."""
    frauds = {"e2": True, "e4": False, "e6": True, "e7": True}
    march_5 = 1_772_697_600_000_000
    answers = LabelFile(frauds, {"e2": march_5, "e4": march_5, "e6": march_5 + 30 * DAY_US})
    backtest = Backtest(ruleset_of(KNOWN), Settings(), answers, lessons=Lessons(Settings(), answers))
    backtest.fold([Given([*days(2, 2, 4, 6, 7)], 2)])
    assert backtest.taught == Taught(1, 1, 1, 0, 1, 1)
    assert backtest.tally.hits.tolist() == [2, 2]


def test_a_diff_teaches_both_sides() -> None:
    """What each ruleset does with a label is its own affair."""
    old, new = ruleset_of(KNOWN), ruleset_of(KNOWN.replace(b"least: 1", b"least: 2"))
    lessons = Lessons(Settings(), LabelColumn("fraud"), DAY_US)
    diff = Diff(old, new, Settings(), lessons=lessons)
    diff.fold([Given(days(2, 4, 6, 7, fraud=1))])
    assert (diff.hits_old.tolist(), diff.hits_new.tolist()) == ([3], [2])
    assert diff.taught is not None
    assert diff.taught.fraud == 2


def test_a_sweep_is_taught_too() -> None:
    """Each value of the parameter is held against what was known by then."""
    ruleset = ruleset_of(KNOWN)
    rule = ruleset.rules[0]
    lessons = Lessons(Settings(), LabelColumn("fraud"), DAY_US)
    history = [days(2, 4, 6, 7, fraud=1)]
    found = tune(ruleset, rule, thresholds(rule, "least", "1,2,3"), Settings(), history, lessons=lessons)
    assert found.total.hits.tolist() == [3, 2, 0]
    assert found.taught == Taught(2, 0, 0, 0, 2, 0)


def test_a_label_file_says_when(tmp_path: Path) -> None:
    """With a zone; of several lines of one event the first counts, its time too."""
    path = tmp_path / "labels.jsonl"
    line = {"schema": "fraudstream.label/v1", "event_id": "a", "label": "fraud"}
    lines = [
        {**line, "known_at": "1970-01-01T01:00:00.000005+01:00"},
        {**line, "known_at": "1970-01-02T00:00:00Z"},
        {**line, "event_id": "b"},
    ]
    path.write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in lines))
    found = read_label_file(path)
    assert found._known_us == {"a": 5}
    path.write_bytes(orjson.dumps({**line, "known_at": "2026-03-02"}))
    with pytest.raises(
        SourceError, match=r"labels.jsonl:1: known_at: .* has no time zone: .*: correct it, or"
    ):
        read_label_file(path)
