"""Log lines as data: one JSON object each, with fields of known names."""

from __future__ import annotations

import ast
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fraudstream.config import Log
from fraudstream.stream.client_errors import client_errors_counted
from fraudstream.stream.log_lines import FIELDS, JsonLines, place
from fraudstream.stream.logs import configure_logging
from tests.unit.stream.fakes import DeafObserver

SOURCES = sorted((Path(__file__).parents[3] / "fraudstream").rglob("*.py"))


def written(**fields: Any) -> dict[str, Any]:
    """Return what a line with some fields is as JSON."""
    record = logging.LogRecord(
        "fraudstream.stream.desk", logging.ERROR, "", 0, "%s is left out", ("x",), None
    )
    record.created = 1_772_438_400.25
    vars(record).update(fields)
    line = JsonLines().format(record)
    assert "\n" not in line
    told: dict[str, Any] = json.loads(line)
    return told


def test_a_line_is_one_json_object() -> None:
    """Time in UTC, level, logger and message, and the fields that it has."""
    assert written(**place(("events", 3), 17), reason="step_failed") == {
        "at": "2026-03-02T08:00:00.250+00:00",
        "level": "error",
        "logger": "fraudstream.stream.desk",
        "message": "x is left out",
        "topic": "events",
        "partition": 3,
        "offset": 17,
        "reason": "step_failed",
    }


def test_what_is_no_field_stays_out() -> None:
    """Whatever somebody hangs on a line."""
    assert "payload" not in written(payload=b"secret", offset=1)


def test_a_traceback_is_within_the_line() -> None:
    """With its line breaks as JSON has them."""
    try:
        raise KeyError("k")
    except KeyError:
        told = written(exc_info=sys.exc_info())
    assert told["exception"] == "KeyError"
    assert "test_a_traceback_is_within_the_line" in told["traceback"]


def test_a_stretch_names_its_last_offset() -> None:
    """Where it is more than one message."""
    assert place(("t", 0), 5, 9) == {"topic": "t", "partition": 0, "offset": 5, "offset_last": 9}
    assert place(("t", 0), 5, 5) == place(("t", 0), 5)


@contextmanager
def logging_as(wanted: Log) -> Iterator[None]:
    """Log as a topology wants it; what the test run itself has set up comes back."""
    root, ours = logging.getLogger(), logging.getLogger("fraudstream")
    handlers, levels = root.handlers, (root.level, ours.level)
    root.handlers = []
    try:
        configure_logging(wanted, quotes=True)
        yield
    finally:
        root.handlers = handlers
        root.setLevel(levels[0])
        ours.setLevel(levels[1])


def test_the_topology_chooses_form_and_level(capsys: pytest.CaptureFixture[str]) -> None:
    """Libraries speak from warnings on, whatever our own level is."""
    with logging_as(Log(format="json", level="warning")):
        logging.getLogger("fraudstream.x").info("unheard")
        logging.getLogger("fraudstream.x").warning("heard", extra={"shard": 1})
        logging.getLogger("some.library").info("unheard")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["shard"] == 1


def test_people_get_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The usual form: time, level, logger, message."""
    with logging_as(Log()):
        logging.getLogger("fraudstream.x").info("hello", extra={"shard": 1})
    assert capsys.readouterr().err.endswith(" INFO fraudstream.x: hello\n")


def test_complaints_of_the_kafka_clients_are_counted() -> None:
    """By the part that complains, until the worker ends; what they merely tell is not."""
    counted: list[str] = []

    class Observer(DeafObserver):
        def on_client_error(self, client: str) -> None:
            counted.append(client)

    fetcher = logging.getLogger("aiokafka.consumer.fetcher")
    with client_errors_counted(Observer()):
        fetcher.warning("gone")
        fetcher.info("well")
        logging.getLogger("kafka").error("gone too")
        logging.getLogger("fraudstream.x").error("not theirs")
    fetcher.error("after the end")
    assert counted == ["consumer.fetcher", "kafka"]


def tables(value: ast.expr, function: ast.AST) -> Iterator[ast.Dict]:
    """Yield the literal tables in an expression, or in all that a variable of a function is made of."""
    if not isinstance(value, ast.Name):
        yield from (each for each in ast.walk(value) if isinstance(each, ast.Dict))
        return
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(each, ast.Name) and each.id == value.id for each in targets):
                yield from (each for each in ast.walk(node.value) if isinstance(each, ast.Dict))


def fields_logged(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each field of every `extra` of the calls that log in a file, with the place of the call."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    for function in functions:
        for call in (each for each in ast.walk(function) if isinstance(each, ast.Call)):
            if not ast.unparse(call.func).startswith("log."):
                continue
            for extra in (each.value for each in call.keywords if each.arg == "extra"):
                for key in (key for table in tables(extra, function) for key in table.keys):
                    if isinstance(key, ast.Constant):
                        yield str(key.value), f"{path.name}:{call.lineno}"


def test_every_field_that_is_logged_has_a_name_of_the_law() -> None:
    """Nobody invents one at the place where it is logged, nor hangs an event on a line."""
    logged = [found for path in SOURCES for found in fields_logged(path)]
    assert len(logged) > 10
    assert [each for each in logged if each[0] not in FIELDS] == []
    assert {name for name, _ in logged} | set(place(("t", 0), 0, 1)) == set(FIELDS)
