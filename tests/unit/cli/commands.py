"""Runs the command line inside the test's own process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from typer.testing import CliRunner

from fraudstream.cli.main import app


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str


def fraudstream(*arguments: object) -> Ran:
    """Run `fraudstream` with arguments; an exception of the program fails the test."""
    result = CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)
    return Ran(result.exit_code, result.stdout, result.stderr)


def error_lines(*arguments: object) -> Sequence[str]:
    """Run a command that must fail by its own words, and return the lines of its error."""
    ran = fraudstream(*arguments)
    assert ran.code == 1
    assert "Traceback" not in ran.err
    return ran.err.splitlines()


def error_line(*arguments: object) -> str:
    """Run a command that must fail by its own words in one line, and return that line."""
    lines = error_lines(*arguments)
    assert len(lines) == 1, lines
    return lines[0]
