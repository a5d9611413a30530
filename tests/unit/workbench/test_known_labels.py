"""What is known of past events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from fraudstream.engine.alerting import Judged
from fraudstream.engine.step import Engine
from fraudstream.rules.binding import Bound
from fraudstream.workbench.known_labels import FRAUD, GENUINE, UNKNOWN, KnownLabels, read_label_file
from fraudstream.workbench.sources import SourceError
from tests.unit.rule_files import event, rule_file, ruleset_of


def labels_of(known: KnownLabels, *messages: bytes) -> list[int]:
    """Return what is known of the events of some messages."""
    found: list[int] = []

    def look(_: Bound, judged: Judged) -> None:
        found.extend(known.of(judged.batch, messages).tolist())

    Engine(ruleset_of(rule_file()), witness=look).step(messages)
    return found


def label(event_id: str, said: str = "fraud") -> bytes:
    """Return a label as a line."""
    return orjson.dumps({"schema": "fraudstream.label/v1", "event_id": event_id, "label": said}) + b"\n"


def test_a_column_in_all_its_spellings() -> None:
    """Truths, numbers and words; null and nothing are no label; bad messages have no place."""
    said = [True, 0, "1", "Fraud", "genuine", None, ""]
    messages = [event(str(place), is_fraud=each) for place, each in enumerate(said)]
    expected = [FRAUD, GENUINE, FRAUD, FRAUD, GENUINE, UNKNOWN, UNKNOWN]
    assert labels_of(KnownLabels(column="is_fraud"), b"x", *messages, event("0"), event("z")) == [
        *expected,
        UNKNOWN,
    ]


def test_a_column_inside_an_object() -> None:
    """A name with dots leads into it, unless a key has the dots itself."""
    fields: dict[str, Any] = {"said.fraud": 0}
    inside, flat = event("a", said={"fraud": 1}), event("b", **fields)
    assert labels_of(KnownLabels(column="said.fraud"), inside, flat) == [FRAUD, GENUINE]


def test_a_strange_word_is_no_label() -> None:
    """The column, the word and those that are known."""
    remedy = "use true and false, 1 and 0, or fraud and genuine"
    with pytest.raises(SourceError, match=f"^the label column 'said' holds 'maybe': {remedy}$"):
        labels_of(KnownLabels(column="said"), event("a", said="maybe"))


def test_a_file_counts_before_a_column(tmp_path: Path) -> None:
    """Of several labels of an event the first counts; what nobody knows is what it is told to be."""
    path = tmp_path / "labels.jsonl"
    path.write_bytes(label("a") + label("a", "genuine"))
    known = KnownLabels(read_label_file(path), "said", GENUINE)
    messages = [event("a", said=0), event("b", said=1), event("c")]
    assert labels_of(known, *messages) == [FRAUD, FRAUD, GENUINE]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{}\n", ":2: schema: Field required"),
        (
            b'{"schema": "fraudstream.label/v1", "label": "fraud", "alert_id": "x"}\n',
            ":2: names an alert, which other values may not have: give the event_id",
        ),
    ],
)
def test_a_line_that_is_no_label_is_told_with_its_place(tmp_path: Path, line: bytes, message: str) -> None:
    """File and line, what is wrong, and what to send."""
    path = tmp_path / "labels.jsonl"
    path.write_bytes(label("a") + line)
    with pytest.raises(SourceError) as error:
        read_label_file(path)
    assert str(error.value).startswith(f"{path}{message}")


def test_labels_are_json_lines(tmp_path: Path) -> None:
    """A table of labels is refused."""
    with pytest.raises(SourceError, match=r"labels\.csv: is no file of labels: give JSON lines"):
        read_label_file(tmp_path / "labels.csv")
