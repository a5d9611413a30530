"""One alert is found among many, by its id or the begin of it."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from fraudstream.workbench.casefile.alerts import FoundAlert, Given, find_alert, in_file
from fraudstream.workbench.sources import SourceError
from tests.unit.workbench.casefile.cases import alert

CONTENT = alert().content
IDS = ("abcdef00", "abcdef11", "fedcba00")


def found(alert_id: str) -> FoundAlert:
    """Find an alert among three, of which one is told twice."""
    lines = [orjson.dumps({**CONTENT, "alert_id": each}) for each in (*IDS, IDS[0])]
    given = [Given(line, f"line {number}") for number, line in enumerate([b"no JSON fedcba", *lines])]
    return find_alert(alert_id, given, "the lines")


@pytest.mark.parametrize(
    ("named", "place"), [("abcdef00", "line 1"), ("abcdef1", "line 2"), ("fedcba", "line 3")]
)
def test_an_alert_is_found(named: str, place: str) -> None:
    """The first that says it, where it is told again."""
    assert found(named).place == place


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("abcde", "abcde: is too short to name an alert: give 6 characters or more"),
        ("abcdef", "abcdef: 2 alerts begin so (abcdef00, abcdef11): give more"),
        ("123456", "123456: there is no such alert in the lines: check the id, and where it was told"),
    ],
)
def test_an_id_that_names_none_or_several_is_told(named: str, message: str) -> None:
    """With what would help."""
    with pytest.raises(SourceError) as caught:
        found(named)
    assert str(caught.value) == message


def test_a_line_that_is_no_alert_as_it_should_be_is_told() -> None:
    """Where it stands, and which part of it does not fit."""
    line = orjson.dumps({**CONTENT, "alert_id": "abcdef00", "score": "high"})
    with pytest.raises(SourceError, match=r"^place: is no alert as it should be \(.*score: .*\): give what"):
        find_alert("abcdef00", [Given(line, "place")], "here")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """By its path."""
    with pytest.raises(SourceError, match=r"none.jsonl: cannot be read \(No such file"):
        list(in_file(tmp_path / "none.jsonl"))
