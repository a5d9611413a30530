"""Three-valued logic: what is unknown stays unknown, unless the rest decides."""

from __future__ import annotations

import pytest

from tests.unit.rule_files import engine_of, event, outcomes, rule_file

T, F, U = True, False, None
OUTCOME = {T: (1, 0, 0), F: (0, 1, 0), U: (0, 0, 1)}
PLACE = {T: "x", F: "y", U: None}


TABLE = [
    (T, T, T, T),
    (T, F, F, T),
    (T, U, U, T),
    (F, F, F, F),
    (F, U, F, U),
    (U, U, U, U),
]


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
