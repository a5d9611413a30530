"""docs/language.md: complete, and its examples are conditions."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from fraudstream.rules.compile import condition
from fraudstream.rules.functions import FUNCTIONS
from fraudstream.rules.operators import truth
from fraudstream.rules.parse import WORDS, parse
from fraudstream.rules.program import Program
from tests.unit.rules.expressions import LISTS, SCOPE

PAGE = (Path(__file__).parents[3] / "docs" / "language.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")] for line in PAGE.splitlines() if line[:3] == "| `"
]
EXAMPLES = [row[-1].strip(" `") for row in ROWS if len(row) in (3, 5)]
SYMBOLS = ["==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_described_as_it_is(name: str) -> None:
    """The table says what the messages say."""
    function = FUNCTIONS[name]
    row = [f"`{name}`", function.takes, function.gives, function.meaning, f"`{function.example}`"]
    assert [cell.rstrip(" |") for cell in next(each for each in ROWS if each[0] == row[0])] == row


@pytest.mark.parametrize("word", [*SYMBOLS, *sorted(WORDS)])
def test_every_operator_and_word_is_there(word: str) -> None:
    """No part of the language is left out."""
    assert re.search(rf"`[^`]*(?<!\w){re.escape(word)}(?!\w)[^`]*`", PAGE)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_condition(example: str) -> None:
    """What the page shows can be written into a rule."""
    program = Program()
    lists = {"public_holidays": LISTS["free"], "high_risk": LISTS["risky"]}
    scope = replace(SCOPE, lists=lists, outcomes={"TST-ANY-001": truth(program, True)})
    condition(program, parse(example), scope)
