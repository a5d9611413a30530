"""Bands of a rule: what may stand in a file, and what is refused with its place and remedy."""

from __future__ import annotations

import pytest

from fraudstream.rules.errors import RulesetError
from fraudstream.rules.schema import Action, Outcome
from tests.unit.rule_files import engine_of, event, outcomes, rule_file, ruleset_of

TWO = "{of: amount_usd, outcomes: [{name: low, from: 10, to: 20}, {name: high, from: 20, action: block}]}"
PARAMS = "{low_usd: 10, high_usd: 20, word: any, long: 2h}"


def problems(cases: str) -> list[str]:
    """Return what is wrong with the cases of a rule of two bands, without the place."""
    with pytest.raises(RulesetError) as error:
        ruleset_of(rule_file("amount_usd > 0", bands=TWO, cases=cases))
    return [problem.message for problem in error.value.problems]


def outcomes_of(bands: str) -> str:
    """Return a band list over the amount."""
    return f"{{of: amount_usd, outcomes: [{bands}]}}"


def test_a_band_inherits_what_it_does_not_say_from_then() -> None:
    """Action, score and reason code stand once where they are the same."""
    (rule,) = ruleset_of(rule_file(bands=TWO)).rules
    assert rule.spec.outcomes == (
        Outcome("low", Action.REVIEW, 10, "ANY"),
        Outcome("high", Action.BLOCK, 10, "ANY"),
    )


@pytest.mark.parametrize(
    ("bands", "message"),
    [
        (
            "{name: a, from: 1, to: 2}, {name: b, from: 3}",
            "bands a and b leave a gap between 2 and 3: let b begin at 2",
        ),
        (
            "{name: a, from: 1, to: 3}, {name: b, from: 2}",
            "bands a and b overlap between 3 and 2: let b begin at 3",
        ),
        (
            "{name: a, from: 1}, {name: b, from: 2}",
            "band a has no end, which only the last may lack: give it a `to`",
        ),
        (
            "{name: a, to: 1}, {name: b, to: 2}",
            "band b has no begin, which only the first may lack: begin it at 1, where a ends",
        ),
        ("{name: a, from: 2, to: 2}", "band a ends at 2, not after its begin: raise it"),
        ("{name: a}", "band a has neither from nor to: give it one, or take bands out"),
        ("{name: a, to: 1}, {name: a, from: 1}", "two bands are named a: give each its own name"),
        (
            "{name: a, from: word}",
            "word is no number, amount or duration: write one, or a parameter that is one",
        ),
        (
            "{name: a, from: 1, reason_code: ODD}",
            "reason code 'ODD' is not in reason_codes.yml: add it there",
        ),
        ("{name: a, from: long}", "cannot compare money in USD with a duration in amount_usd >= long"),
    ],
)
def test_bands_that_do_not_fit_together_are_refused(bands: str, message: str) -> None:
    """Every number lies in one band at most, and none between two."""
    with pytest.raises(RulesetError) as error:
        engine_of(rule_file("amount_usd > 0", bands=outcomes_of(bands), params=PARAMS))
    assert [problem.message for problem in error.value.problems] == [message]


def test_a_problem_of_a_band_names_the_place_of_its_end() -> None:
    """File, line and column of the number that is wrong."""
    bands = "{of: amount_usd, outcomes: [{name: a, from: 1, to: 2}, {name: b, from: 3}]}"
    with pytest.raises(RulesetError) as error:
        ruleset_of(rule_file(bands=bands))
    (problem,) = error.value.problems
    assert (problem.file, problem.line, problem.column) == ("x/0.yml", 15, 79)


def test_a_case_may_only_name_a_band_that_there_is() -> None:
    """A misspelt band gets the nearest one as remedy."""
    cases = "[{name: x, event: {amount_usd: 12}, expect: hit, band: hig}]"
    assert problems(cases) == ["there is no band hig: did you mean high?"]


def test_only_a_hit_lies_in_a_band() -> None:
    """A case that expects a miss in a band is refused."""
    cases = "[{name: x, event: {amount_usd: 2}, expect: miss, band: low}]"
    (message,) = problems(cases)
    assert message.endswith("only a hit lies in a band: take band out, or write expect: hit in 'x'")


@pytest.mark.parametrize(
    ("amount", "hit_miss_unknown"),
    [(9.99, (0, 1, 0)), (10, (1, 0, 0)), (19.99, (1, 0, 0)), (20, (1, 0, 0))],
)
def test_a_number_outside_all_bands_is_a_miss(amount: float, hit_miss_unknown: tuple[int, ...]) -> None:
    """Below the first it misses, in one it hits."""
    rule = rule_file('kind == "transfer"', bands=TWO)
    assert outcomes(engine_of(rule), event("e", amount=amount)) == hit_miss_unknown


def test_a_missing_number_is_not_evaluated() -> None:
    """Also where some band would take any number."""
    login = event("e", kind="login", amount=None, currency=None)
    for bands in (TWO, outcomes_of("{name: low, to: 10}, {name: high, from: 10}")):
        assert outcomes(engine_of(rule_file('kind == "login"', bands=bands)), login) == (0, 0, 1)


def test_a_number_over_the_last_band_is_a_miss_where_it_is_closed() -> None:
    """An end that is given is exclusive."""
    rule = rule_file('kind == "transfer"', bands=outcomes_of("{name: a, to: 5}"))
    engine = engine_of(rule)
    assert [outcomes(engine, event(f"e{amount}", amount=amount))[0] for amount in (4.99, 5)] == [1, 0]


def test_ends_may_be_parameters() -> None:
    """So that thresholds stand together, with their names."""
    rule = rule_file(
        "amount_usd > 0", params=PARAMS, bands=outcomes_of("{name: a, from: low_usd, to: high_usd}")
    )
    engine = engine_of(rule)
    assert [outcomes(engine, event(f"e{amount}", amount=amount))[0] for amount in (9, 10, 19, 20)] == [
        0,
        1,
        1,
        0,
    ]
