"""What a model file may say of what is usual, and what is refused with its place and remedy."""

from __future__ import annotations

import pytest

from fraudstream.events.schema import Schema
from fraudstream.rules.binding import Bound, bind
from fraudstream.rules.errors import RulesetError
from fraudstream.rules.ruleset import build_ruleset
from fraudstream.rules.types import NUMBER, money
from tests.unit.rule_files import rule_file, rule_files

WINDOW = "by: debtor.id, window: 30d, include_current: false"
FEATURE_LINE = 10


def model_file(feature: str) -> bytes:
    """Return a model file with one feature, which stands at line 10 from column 11 on."""
    return f"""schema: fraudstream.model/v1
id: unusual
title: Amounts
windows:
  mean_30d: {{avg: amount_usd, {WINDOW}}}
  std_30d: {{stddev: amount_usd, {WINDOW}}}
  day_count: {{count: events, by: debtor.id, window: 1d}}
  last_at: {{time_since_last: events, by: debtor.id}}
features:
  amount: {feature}
estimator: {{kind: loda}}
warm_up: 50
seed: 1
""".encode()


def bound(feature: str) -> Bound:
    """Return a ruleset whose model has one feature."""
    files = rule_files(rule_file(), **{"models/unusual.yml": model_file(feature)})
    return bind(build_ruleset(files), Schema())


def refusal(feature: str) -> str:
    """Return the only thing that is wrong with a feature."""
    with pytest.raises(RulesetError) as refused:
        bound(feature)
    (problem,) = refused.value.problems
    return str(problem)


def test_the_value_is_the_feature_itself_unless_given() -> None:
    """A plain number lies between plain numbers, an amount between amounts."""
    (model,) = bound("{expr: amount_usd / mean_30d, usual: {low: '0.5', high: '2'}}").models
    assert model.usual["amount"].value.type == NUMBER
    assert model.usual["amount"].value.text == "amount_usd / mean_30d"
    (model,) = bound("{expr: '5', usual: {value: amount_usd, high: mean_30d + 2 * std_30d}}").models
    assert model.usual["amount"].value.type == money("USD")
    assert model.usual["amount"].low is None


def test_a_feature_may_leave_it_out() -> None:
    """Nothing is computed then."""
    found = bound("log1p(amount_usd)")
    assert found.models[0].usual == {}
    assert found.usual.instructions == []


def test_it_adds_nothing_to_what_every_event_costs() -> None:
    """The program of the inputs is the same with and without it."""
    usual = "usual: {value: amount_usd, low: mean_30d - 2 * std_30d, high: mean_30d + 2 * std_30d}"
    with_it, without = bound(f"{{expr: log1p(amount_usd), {usual}}}"), bound("log1p(amount_usd)")
    assert with_it.inputs.instructions == without.inputs.instructions
    assert with_it.usual.instructions


@pytest.mark.parametrize(
    ("usual", "column", "told"),
    [
        ("{low: amont_usd}", 36, "amont_usd is unknown: did you mean amount_usd?"),
        ("{low: '1 +'}", 39, "expected a value"),
        (
            "{value: kind, low: '1'}",
            38,
            "value of amount is a text, and has no range: write a number",
        ),
        ("{high: amount_usd > 5}", 48, "high of amount is a condition, and has no range: write a number, an"),
        (
            "{low: mean_30d}",
            36,
            "low of amount is money in USD, and what it is a bound of is a number: let value, low and high",
        ),
        (
            "{value: amount_usd, low: mean_30d, high: amount_usd / mean_30d}",
            82,
            "high of amount is a number, and what it is a bound of is money in USD: let value, low and high ",
        ),
        (
            "{value: amount_usd, high: amount_eur}",
            56,
            "high of amount is money in EUR, and what it is a bound",
        ),
        (
            "{value: amount_usd, low: last_at, high: last_at}",
            55,
            "low of amount is a duration, and what it i",
        ),
        (
            "{value: 'distance_km(1, 2, 3, 4)', high: day_count}",
            71,
            "high of amount is a number in count, and what it is a bound of is a number in km: let value, l",
        ),
        ('{high: score("unusal")}', 37, "score takes the id of a model as text; models: unusual"),
        ("{value: amount_usd}", 30, "features.amount.usual: it has no bound: give low, high or both"),
        ("{}", 30, "features.amount.usual: it has no bound: give low, high or both"),
        ("5", 30, "features.amount.usual: 5 is no mapping: write keys and values"),
        ("{low: 5}", 36, "features.amount.usual.low: 5 is no text: put it in quotes"),
        ("{lo: '5'}", 35, "features.amount.usual.lo: there is no such key: did you mean low?"),
    ],
)
def test_what_does_not_fit_is_told_once_at_its_place(usual: str, column: int, told: str) -> None:
    """Each slip has one message, with the place of the expression and what to do."""
    assert refusal(f"{{expr: '5', usual: {usual}}}").startswith(
        f"models/unusual.yml:{FEATURE_LINE}:{column}: {told}"
    )


def test_an_input_that_cannot_be_computed_is_told_once() -> None:
    """What is usual of it is not looked at."""
    told = refusal("{expr: log1p(amont_usd), usual: {low: '1', high: '2'}}")
    assert "amont_usd is unknown" in told


def test_an_input_reads_no_score_that_comes_later() -> None:
    """Its own would be missing, silently."""
    assert "unusual reads scores itself: a model may read those of models that" in refusal('score("unusual")')
