"""Three-valued logic: what is unknown stays unknown, unless the rest decides."""

from __future__ import annotations

import numpy as np
import pytest

from fraudstream.rules.vectors import ALWAYS, Truth, Values, conjunction, disjunction, judged, negation
from tests.unit.rule_files import engine_of, event, outcomes, rule_file

T, F, U = True, False, None
OUTCOME = {T: (1, 0, 0), F: (0, 1, 0), U: (0, 0, 1)}
PLACE = {T: "x", F: "y", U: None}


def truth(value: bool | None) -> Truth:
    """Return a condition of one event."""
    return Truth(np.array([value is True]), np.array([value is False]))


TABLE = [
    (T, T, T, T),
    (T, F, F, T),
    (T, U, U, T),
    (F, F, F, F),
    (F, U, F, U),
    (U, U, U, U),
]


@pytest.mark.parametrize(("left", "right", "both", "either"), TABLE)
def test_and_or(left: bool | None, right: bool | None, both: bool | None, either: bool | None) -> None:
    """Kleene's tables, either way round."""
    for pair in ([truth(left), truth(right)], [truth(right), truth(left)]):
        assert conjunction(pair).at(0) is both
        assert disjunction(pair).at(0) is either


@pytest.mark.parametrize(("value", "opposite"), [(T, F), (F, T), (U, U)])
def test_not(value: bool | None, opposite: bool | None) -> None:
    """The opposite of unknown is unknown."""
    assert negation(truth(value)).at(0) is opposite


@pytest.mark.parametrize(("left", "right", "both", "either"), TABLE)
def test_a_whole_rule_follows_the_tables(
    left: bool | None, right: bool | None, both: bool | None, either: bool | None
) -> None:
    """A missing column makes a clause unknown, and the engine counts hit, miss or not_evaluated."""
    message = event("e", card={"id": PLACE[left]}, device={"id": PLACE[right]})
    clauses = 'card.id == "x" {} device.id == "x"'
    for word, expected in (("and", both), ("or", either)):
        engine = engine_of(rule_file(clauses.format(word)))
        assert outcomes(engine, message) == OUTCOME[expected]
        negated = engine_of(rule_file(f"not ({clauses.format(word)})"))
        opposite = None if expected is None else not expected
        assert outcomes(negated, message) == OUTCOME[opposite]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ('purpose == "rent"', U),
        ('purpose != "rent"', U),
        ('purpose in ["rent"]', U),
        ('purpose not in ["rent"]', U),
        ("purpose is null", T),
        ("purpose is not null", F),
        ('contains(purpose, "rent")', U),
        ("device.lat > 5", U),
        ("-device.lat > 5", U),
        ("device.lat * 0 == 0", U),
        ("abs(device.lat) >= 0", U),
        ("device.lat is null", T),
        ("device.lat + 1 is null", T),
        ("amount_usd / 0 > 1", U),
        ("amount_usd / (amount_usd - amount_usd) is null", T),
        ("amount_usd % 0 == 0", U),
        ("log1p(0 - 2) > 0", U),
        ("amount_eur > 0", T),
        ("true or device.lat > 5", T),
        ("false and device.lat > 5", F),
    ],
)
def test_missing_values(when: str, expected: bool | None) -> None:
    """An event without purpose and place: comparisons are unknown, null tests are not."""
    engine = engine_of(rule_file(f"'{when}'"))
    assert outcomes(engine, event("e")) == OUTCOME[expected]


def test_an_amount_without_a_rate_is_unknown() -> None:
    """A currency that the rate table lacks is not zero dollars."""
    assert outcomes(engine_of(rule_file("amount_usd >= 0")), event("e", currency="CHF")) == OUTCOME[U]


def test_values_and_conditions_are_read_event_by_event() -> None:
    """A constant answers for every event, a column for each."""
    column = Values(np.array([3, 4]), np.array([True, False]))
    assert (column.at(0), column.at(1)) == (3, None)
    assert Values(np.array(5), ALWAYS).at(1) == 5
    assert judged(np.array([True, True]), np.array([True, False])).at(1) is None
