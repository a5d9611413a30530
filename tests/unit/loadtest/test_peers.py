"""Peers are given the same conditions and values as the engine, and are held to the same outcomes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from fraudstream.rules.parse import parse
from fraudstream.rules.ruleset import build_ruleset
from loadtest.bench_judging import (
    DifferentOutcomeError,
    compare,
    compile_peers,
    outcomes_of,
    values_of,
    variables_of,
)
from loadtest.bench_rules import RULES, bench_files
from loadtest.bench_stages import Clock, Stages
from loadtest.peers.expressions import Dialect, floating, shortest, translate
from loadtest.traffic import generate

C_LIKE = Dialect("&&", "||", floating)


def test_conditions_are_written_in_another_language() -> None:
    """Names lose their dots, words become signs, and numbers are floats."""
    condition = parse('card.id != "x" and (amount_usd >= 2 or score("m") > 0.5)')
    written = translate(condition, C_LIKE, {})
    assert written == '(card_id != "x") && ((amount_usd >= 2.0) || (score_m > 0.5))'


def test_numbers_beside_money_are_minor_units() -> None:
    """A plain number is scaled where it is compared with money, and not where it is a factor."""
    per_major = {"amount_usd": 100, "sum_1h": 100}
    dialect = Dialect("and", "or", shortest)
    assert translate(parse("amount_usd >= 2.5"), dialect, per_major) == "amount_usd >= 250.0"
    assert translate(parse("amount_usd >= 0.5 * sum_1h"), dialect, per_major) == "amount_usd >= 0.5 * sum_1h"


def test_an_expression_beyond_the_rules_is_refused() -> None:
    """What no rule of the benchmark uses is not translated wrongly, but not at all."""
    with pytest.raises(ValueError, match="no peer is given"):
        translate(parse("not amount_usd > 1"), C_LIKE, {})


def test_a_number_is_written_as_each_language_has_it() -> None:
    """Without an exponent, and as a float where the language tells them apart."""
    assert (shortest(Decimal("0.60")), floating(Decimal(3))) == ("0.60", "3.0")


def test_all_peers_agree_with_the_engine() -> None:
    """On the 40 conditions at real events, every known outcome is equal; some rules hit."""
    stages = Stages(build_ruleset(bench_files()))
    payloads = generate(6_000).payloads
    for start in range(0, 6_000, 500):
        batch = stages.step(payloads[start : start + 500], Clock())
    assert batch is not None
    rules = [rule.when for rule in stages.rules]
    events, expected = values_of(rules, batch, 300), outcomes_of(rules, batch, 300)
    assert any(True in outcomes for outcomes in expected)
    for name, peer in compile_peers(rules).items():
        assert compare(name, peer, events, expected) > 300 * RULES / 3


def test_a_different_outcome_is_told() -> None:
    """The peer, the rule and the values stand in the message; unknown outcomes are passed over."""
    with pytest.raises(DifferentOutcomeError, match=r"zen: rule 1 is True at .*'x': 1.0.*, ours False"):
        compare("zen", lambda _: [True, True], [{"x": 1.0}], [[None, False]])
    assert compare("zen", lambda _: [True, False], [{}], [[True, None]]) == 1


def test_variables_have_types() -> None:
    """Texts, numbers, and of money the minor units."""
    stages = Stages(build_ruleset(bench_files()))
    found = variables_of([rule.when for rule in stages.rules])
    assert "kind" in found.texts
    assert "count_card_id_1h" in found.numbers
    assert found.per_major["sum_card_id_1h"] == 100
