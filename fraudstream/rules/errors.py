"""One way to say what is wrong in a rule file: where, what, and the remedy, on one line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from fraudstream.errors import UserError


@dataclass(frozen=True, order=True)
class Problem:
    """One fault of one file; line and column count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class RulesetError(UserError, ValueError):
    """A set of rule files that cannot run, with every problem found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = sorted(set(problems))
        # The problems themselves, so that the error comes whole out of another process.
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Return the remedy for a misspelt name, None where nothing known comes close."""
    close = get_close_matches(name, list(known), n=1)
    return f"did you mean {close[0]}?" if close else None
