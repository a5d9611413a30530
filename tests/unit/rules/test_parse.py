"""The expression language: what binds tighter, what is refused, and where."""

from __future__ import annotations

import pytest

from fraudstream.rules.parse import ExpressionError, parse
from fraudstream.rules.tree import Comparison, Junction, Literal, Not, put_in, write


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("a or b and c", "a or (b and c)"),
        ("not a and b", "(not a) and b"),
        ("not a == b", "not (a == b)"),
        ("a + b * c", "a + (b * c)"),
        ("a - b - c", "(a - b) - c"),
        ("a / b / c", "(a / b) / c"),
        ("a - b + c % d", "(a - b) + (c % d)"),
        ("-a * b", "(-a) * b"),
        ("--a", "-(-a)"),
        ("a + b > c * d", "(a + b) > (c * d)"),
        ("a < b < c", "a < b and b < c"),
        ("a <= b < c == d", "a <= b and b < c and c == d"),
        ("a not in [1, 2]", "not a in [1, 2]"),
        ("a is not null", "not a is null"),
        ("a is null and b", "(a is null) and b"),
        ("f(a, b + c)", "f(a, (b + c))"),
        ("a.b  >\n 1", "a.b > 1"),
        ("x == 1.50", "x == 1.5"),
        ("x > 24h", "x > 1d"),
    ],
)
def test_two_ways_to_write_the_same(text: str, same_as: str) -> None:
    """Precedence, association, chains and abbreviations, each against its long form."""
    assert parse(text) == parse(same_as)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("a - (b - c)", "a - b - c"),
        ("(a or b) and c", "a or b and c"),
        ("not (a and b)", "not a and b"),
        ("a == b", "b == a"),
        ('a == "1"', "a == 1"),
        ("a > 60s", "a > 60"),
    ],
)
def test_two_things_that_differ(text: str, other: str) -> None:
    """Parentheses, order and types matter."""
    assert parse(text) != parse(other)


def test_the_middle_of_a_chain_is_compared_with_both_sides() -> None:
    """`1 <= x <= 2` is a conjunction of two comparisons of the same x."""
    chain = parse("1 <= x <= 2")
    assert isinstance(chain, Junction)
    first, second = chain.operands
    assert isinstance(first, Comparison)
    assert isinstance(second, Comparison)
    assert first.right == second.left


def test_texts_may_hold_quotes_and_backslashes() -> None:
    """A backslash takes the next character as it is."""
    assert parse(r'"say \"no\" \\"') == Literal('say "no" \\')


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("a = 1", 2, "cannot read '= 1': compare with =="),
        ("a == 'x'", 5, 'cannot read "\'x\'": put texts in "double quotes"'),
        ("a & b", 2, "cannot read '& b': write and"),
        ("a | b", 2, "cannot read '| b': write or"),
        (
            "a > 1e5",
            4,
            "cannot read '1e5': numbers are written 1000 or 0.5, durations 90m, texts in double quotes",
        ),
        (
            "a > 10min",
            4,
            "cannot read '10min': numbers are written 1000 or 0.5, durations 90m, texts in double quotes",
        ),
        (
            "a > 1.5h",
            4,
            "cannot read '1.5h': numbers are written 1000 or 0.5, durations 90m, texts in double quotes",
        ),
        (
            'a == "x',
            5,
            "cannot read '\"x': numbers are written 1000 or 0.5, durations 90m, texts in double quotes",
        ),
        ("a >", 3, "expected a value, found 'the end'"),
        ("a > > b", 4, "expected a value, found '>'"),
        ("(a > 1", 6, "expected ')', found 'the end'"),
        ("a > 1)", 5, "expected an operator or the end, found ')'"),
        ("a b", 2, "expected an operator or the end, found 'b'"),
        ("a is 5", 5, "expected 'null', found '5'"),
        ("a not b", 6, "expected 'in', found 'b'"),
        ("f(a b)", 4, "expected ',', found 'b'"),
        ("a in [b + 1]", 8, "a list holds constants and parameters only"),
        ("and", 0, "expected a value, found 'and'"),
        ("", 0, "expected a value, found 'the end'"),
        ("a > " + "(" * 60 + "1" + ")" * 60, 54, "nested more than 50 deep: split it"),
        ("a" * 4_001, 0, "the expression is longer than 4000 characters: split it"),
    ],
)
def test_an_error_says_where_and_what_to_do(text: str, position: int, message: str) -> None:
    """The position counts from 0, and the words are meant for an officer, not a programmer."""
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert (str(caught.value), caught.value.position) == (message, position)


@pytest.mark.parametrize(
    "text",
    [
        "a and (b or c) and not (d == 1)",
        "a - (b - c)",
        "x in [1, 2.5]",
        'kind == "a \\"quoted\\" text"',
        "f(a, b) is null",
        "-x < 7d",
        "(a <= b) and (b <= 90m)",
    ],
)
def test_what_is_written_back_parses_to_the_same(text: str) -> None:
    """The text in an alert is the condition, not something like it."""
    assert parse(write(parse(text))) == parse(text)


def test_parameters_are_put_in_and_keep_their_names() -> None:
    """A condition with a parameter equals the one with its value; in words it keeps the name."""
    limit = parse("5000")
    countries = parse('["KP", "IR"]')
    assert isinstance(limit, Literal)
    given = parse("amount > limit and not (land in bad)")
    filled = put_in(given, {"limit": limit.value}, {"bad": countries})  # type: ignore[dict-item]
    assert filled == parse('amount > 5000 and land not in ["KP", "IR"]')
    assert isinstance(filled, Junction)
    assert write(filled.operands[0]) == "amount > limit"
    assert isinstance(filled.operands[1], Not)
