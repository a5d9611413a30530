"""An event on which a stage fails becomes a dead letter; everything else goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson
import pytest

from fraudstream.engine.keyed.ingest import Ingest
from fraudstream.engine.keyed.merge import Merge
from fraudstream.engine.keyed.part import read
from fraudstream.engine.keyed.share import Share
from fraudstream.engine.result import StepResult
from fraudstream.engine.step import Engine, Settings
from fraudstream.rules.ruleset import Ruleset
from tests.keyed_fold import KeyedFold
from tests.unit.rule_files import event, rule_file, ruleset_of

SETTINGS = Settings()
MERGE = 3
"""Its number where there are three shares."""


def counting(least: int) -> Ruleset:
    """Return one rule that counts the payments of a debtor."""
    features = "{n: {count: events, by: debtor.id, window: 30d}}"
    return ruleset_of(rule_file(f"n >= {least}", features=features, cases="[]"))


def keyed(least: int, poison: Mapping[str, int], shares: int = MERGE) -> KeyedFold:
    """Return a fold some of whose stages fail on some events."""
    return KeyedFold(
        counting(least), SETTINGS, shares, poison={name: [stage] for name, stage in poison.items()}
    )


def events(*names: str) -> list[bytes]:
    """Return events of one debtor, all of one moment."""
    return [event(name) for name in names]


def alerted(result: StepResult) -> list[str]:
    """Return the ids of the events that alerts are about."""
    return [orjson.loads(alert.value)["event"]["id"] for alert in result.alerts]


def letters(result: StepResult) -> list[tuple[int, str, str, str | None]]:
    """Return row, reason, detail and exception of the dead letters."""
    return [(each.row, each.reason, each.detail, each.exception) for each in result.dead_letters]


def failed(row: int, stage: int) -> tuple[int, str, str, str]:
    """Return the dead letter of an event on which a stage has failed."""
    return row, "step_failed", f"PoisonError: stage {stage}", "PoisonError"


def test_a_share_counts_as_if_the_event_had_never_come() -> None:
    """All that one engine says of the others is said to the byte, and the event has its letter."""
    result = keyed(1, {"x": 0}, shares=1).step(events("a", "x", "b"))
    expected = Engine(counting(1), SETTINGS).step(events("a", "b"))
    assert [alert.value for alert in result.alerts] == [alert.value for alert in expected.alerts]
    assert [alert.row for alert in result.alerts] == [0, 2]
    assert letters(result) == [failed(1, 0)]


def test_what_the_merge_fails_on_is_counted_by_the_shares() -> None:
    """They had counted it before: the third event of three hits, and the second has a letter."""
    result = keyed(3, {"x": MERGE}).step(events("a", "x", "b"))
    assert alerted(result) == ["b"]
    assert letters(result) == [failed(1, MERGE)]


def test_every_event_has_one_fate_whichever_stages_fail() -> None:
    """Shares that do not hold an event's entities are not sent it, and cannot fail on it."""
    names = [f"e{number}" for number in range(12)]
    fold = keyed(1, {name: number % 4 for number, name in enumerate(names)})
    payloads = [event(name, debtor={"id": name}) for name in names]
    result = fold.step(payloads)
    rows = [letter.row for letter in result.dead_letters]
    assert rows == sorted(set(rows))
    assert {3, 7, 11} <= set(rows)
    assert sorted([*rows, *result.decisions.row]) == list(range(12))
    assert alerted(result) == [names[row] for row in range(12) if row not in rows]


@pytest.mark.parametrize("stage", [0, 1])
def test_a_part_of_which_every_event_fails_is_answered_all_the_same(stage: int) -> None:
    """The next one is judged by what was counted before."""
    fold = keyed(2, {"x": stage, "y": stage}, shares=1)
    fold.step(events("a"))
    result = fold.step(events("x", "y"))
    assert letters(result) == [failed(0, stage), failed(1, stage)]
    assert not len(result.decisions.row)
    assert alerted(fold.step(events("b"))) == ["b"]


def test_features_of_an_answer_that_is_gone_are_unknown() -> None:
    """A rule that needs them is not evaluated; what comes of the next answer is as ever, but marked."""
    ruleset = counting(1)
    ingest, share, merge = (
        Ingest(ruleset, SETTINGS, 1),
        Share(ruleset, SETTINGS, 0, 1),
        Merge(ruleset, SETTINGS, 1),
    )

    def judged(name: str, is_gone: bool) -> StepResult:
        part, everything = ingest.step(events(name)).parts
        found = read(share.step(read(part.value)))
        if is_gone:
            merge.miss()
        return merge.step(read(everything.value), [None if is_gone else found])

    results = [judged(name, is_gone) for name, is_gone in [("a", False), ("b", True), ("c", False)]]
    assert [each.rule_outcomes.tolist() for each in results] == [[[1, 0, 0]], [[0, 0, 1]], [[1, 0, 0]]]
    assert [each.warming for each in results] == [0, 1, 1]
    assert sum(each.events_in for each in results) == 3


def fates(fold: KeyedFold, batches: Sequence[Sequence[bytes]]) -> list[tuple[str, int, str]]:
    """Return what came of batches, rows counted from the first message; the state moves in between."""
    found, start = [], 0
    for batch in batches:
        result = fold.step(batch)
        found += [("alert", start + each.row, each.alert_id) for each in result.alerts]
        found += [("dead", start + each.row, each.detail) for each in result.dead_letters]
        start += len(batch)
        fold.resume()
    return sorted(found)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_batches_change_nothing_of_what_is_left_out(size: int) -> None:
    """The same events fail in the same stages, however the stream is cut and where it goes on."""
    payloads = [event(f"e{n}", debtor={"id": f"d{n % 3}"}) for n in range(15)]
    poison = {"e4": 0, "e5": 1, "e6": 2, "e7": MERGE, "e12": MERGE}
    cut = [payloads[at : at + size] for at in range(0, len(payloads), size)]
    assert fates(keyed(3, poison), cut) == fates(keyed(3, poison), [payloads])
