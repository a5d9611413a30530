"""The values that a sweep gives to a parameter."""

from __future__ import annotations

import pytest

from fraudstream.rules.errors import RulesetError
from fraudstream.rules.ruleset import Rule
from fraudstream.workbench.sources import SourceError
from fraudstream.workbench.thresholds import Thresholds, thresholds
from tests.unit.rule_files import rule_file, ruleset_of

PARAMS = (
    "{n: 3, f: 0.5, d: 24h, t: word, b: true, l: [1, 2],"
    " u: {value: 40, unit: percent}, h: {value: 2, unit: h}}"
)


def rule() -> Rule:
    """Return a rule with a parameter of every kind."""
    (found,) = ruleset_of(rule_file(params=PARAMS)).rules
    return found


def swept(param: str, text: str) -> Thresholds:
    """Return the values of a range."""
    return thresholds(rule(), param, text)


@pytest.mark.parametrize(
    ("param", "text", "data"),
    [
        ("n", "1:5:2", [1, 3, 5]),
        ("n", "1:6:2", [1, 3, 5]),
        ("n", "2:2:1", [2, 3]),
        ("n", "-1,2.5", [-1, 2.5, 3]),
        ("f", "0.1:0.4:0.1", [0.1, 0.2, 0.3, 0.4, 0.5]),
        ("d", "12h:36h:12h", ["12h", "1d", "36h"]),
        ("u", "40,50", [{"value": 40, "unit": "percent"}, {"value": 50, "unit": "percent"}]),
        ("h", "1,2", [{"value": 1, "unit": "h"}, {"value": 2, "unit": "h"}]),
    ],
)
def test_a_range_or_a_list_in_rising_order(param: str, text: str, data: list[object]) -> None:
    """Exact decimal steps up to HIGH, and the current value among them."""
    assert [each.data for each in swept(param, text).values] == data


def test_the_current_value_is_known() -> None:
    """Also where the range leaves it out, and where it is written in another unit."""
    assert swept("n", "5,1").current == 1
    assert swept("d", "1d,2d").current == 0
    assert swept("u", "10").unit == "percent"


@pytest.mark.parametrize(
    ("param", "text", "message"),
    [
        ("n", "1:2", "--range: '1:2' is no range: write LOW:HIGH:STEP, or values such as 1,2,5"),
        ("n", "1:2:0", "--range: '1:2:0' has no values: let STEP be above 0, and HIGH not below LOW"),
        ("n", "2:1:1", "--range: '2:1:1' has no values: let STEP be above 0, and HIGH not below LOW"),
        ("n", "1:9999:1", "--range: 9999 values, at most 1000 are swept: take a longer step"),
        ("n", "1,x", "--range: 'x' is no number: write one such as 2500 or 0.35"),
        ("n", "nan", "--range: 'nan' is no number: write one such as 2500 or 0.35"),
        ("d", "5", "--range: '5' is no duration: write a whole number and s, m, h, d or w, such as 90m"),
        ("h", "1.5", "--range: 1.5 h is no duration: write whole numbers"),
    ],
)
def test_a_wrong_range_is_one_message(param: str, text: str, message: str) -> None:
    """What is wrong with it, and how it is written."""
    with pytest.raises(SourceError) as error:
        swept(param, text)
    assert str(error.value) == message


@pytest.mark.parametrize("param", ["t", "b", "l"])
def test_only_numbers_and_durations_have_thresholds(param: str) -> None:
    """Words, truths and lists are refused at their place in the file."""
    with pytest.raises(RulesetError, match=rf"^x/0\.yml:12:\d+: {param} is no number and no duration"):
        swept(param, "1")


def test_an_unknown_parameter_is_told_with_the_nearest() -> None:
    """Or with those that there are."""
    with pytest.raises(RulesetError, match="TST-ANY-001 has no parameter x: its parameters are n, f, d"):
        swept("x", "1")
    (bare,) = ruleset_of(rule_file()).rules
    with pytest.raises(RulesetError, match="has no parameter x: its parameters are none"):
        thresholds(bare, "x", "1")
