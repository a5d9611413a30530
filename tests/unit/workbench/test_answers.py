"""Labels of a history, from a file and from a column."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from fraudstream.engine.step import Settings
from fraudstream.workbench.answers import (
    FRAUD,
    GENUINE,
    UNKNOWN,
    Answers,
    LabelColumn,
    LabelFile,
    Several,
    read_label_file,
)
from fraudstream.workbench.observing import Observer
from fraudstream.workbench.sources import SourceError
from tests.unit.rule_files import event, rule_file, ruleset_of


def said(answers: Answers, *messages: bytes) -> list[int]:
    """Return the labels of the judged events of one batch."""
    _, look = Observer(ruleset_of(rule_file()), Settings()).step(messages)
    assert look is not None
    return [int(each) for each in answers.of(look)]


def label(event_id: str, what: str = "fraud") -> bytes:
    """Return a label as a line."""
    return orjson.dumps({"schema": "fraudstream.label/v1", "event_id": event_id, "label": what}) + b"\n"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((value, FRAUD) for value in (True, 1, 1.0, "1", "true", "TRUE", "yes", "Fraud")),
        *((value, GENUINE) for value in (False, 0, "0", "false", "no", "genuine")),
        *((value, UNKNOWN) for value in (None, "")),
    ],
)
def test_what_a_label_column_may_hold(value: object, expected: int) -> None:
    """The usual words and numbers; an empty cell says nothing."""
    assert said(LabelColumn("is_fraud"), event("a", is_fraud=value)) == [expected]


def test_a_label_column_may_lie_inside() -> None:
    """A name with dots leads into objects, unless a column bears that very name."""
    dotted = orjson.dumps({**orjson.loads(event("b")), "truth.fraud": 0})
    messages = [event("a", truth={"fraud": 1}), dotted, event("c", truth=7)]
    assert said(LabelColumn("truth.fraud"), *messages) == [FRAUD, GENUINE, UNKNOWN]


def test_only_judged_events_have_labels() -> None:
    """What is no event and what was there before are passed over, and the others keep their own."""
    messages = [b"x", event("a", fraud=1), event("a", fraud=0), event("b", fraud=0)]
    assert said(LabelColumn("fraud"), *messages) == [FRAUD, GENUINE]
    assert said(LabelFile({"b": True}), *messages) == [UNKNOWN, FRAUD]


def test_a_word_that_is_no_label_is_refused() -> None:
    """The message names the column and what it may hold."""
    with pytest.raises(SourceError, match="'is_fraud' holds 'maybe': use true and false"):
        said(LabelColumn("is_fraud"), event("a", is_fraud="maybe"))


def test_of_several_answers_the_first_that_knows_counts() -> None:
    """What none knows is what is said to be otherwise."""
    several = Several([LabelFile({"a": False}), LabelColumn("fraud")], GENUINE)
    assert said(several, event("a", fraud=1), event("b", fraud=1), event("c")) == [GENUINE, FRAUD, GENUINE]


def test_a_label_file(tmp_path: Path) -> None:
    """Of several labels of one event the first counts, as in the engine."""
    path = tmp_path / "labels.jsonl"
    path.write_bytes(label("a") + label("b", "genuine") + label("a", "genuine"))
    assert said(read_label_file(path), event("a"), event("b"), event("c")) == [FRAUD, GENUINE, UNKNOWN]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{}\n", r"labels.jsonl:2: schema: Field required"),
        (b"x\n", r"labels.jsonl:2: .*send one JSON object"),
        (
            b'{"schema":"fraudstream.label/v1","alert_id":"x","label":"fraud"}\n',
            r"labels.jsonl:2: names an alert: a back-test needs labels by event_id",
        ),
    ],
)
def test_a_line_that_is_no_label_is_named(tmp_path: Path, line: bytes, message: str) -> None:
    """By file and line."""
    path = tmp_path / "labels.jsonl"
    path.write_bytes(label("a") + line)
    with pytest.raises(SourceError, match=message):
        read_label_file(path)


def test_a_label_file_is_lines(tmp_path: Path) -> None:
    """A table is not taken for one."""
    with pytest.raises(SourceError, match=r"labels.csv: is no file of labels"):
        read_label_file(tmp_path / "labels.csv")
