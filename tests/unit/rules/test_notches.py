"""What is a notch from a constant."""

from __future__ import annotations

from decimal import Decimal

import pytest

from fraudstream.rules.mutants import notches
from fraudstream.rules.tree import Constant, Duration, Money, Quantity


@pytest.mark.parametrize(
    ("constant", "expected"),
    [
        (Decimal(5), [Decimal(4), Decimal(6)]),
        (Duration(2_000_000), [Duration(1_000_000), Duration(3_000_000)]),
        (Money(Decimal(100), "USD"), [Money(Decimal(99), "USD"), Money(Decimal(101), "USD")]),
        (
            Quantity(Decimal(40), "percent"),
            [Quantity(Decimal(39), "percent"), Quantity(Decimal(41), "percent")],
        ),
        ("rent", []),
        (True, []),
    ],
)
def test_a_constant_is_moved_in_its_own_unit(constant: Constant, expected: list[Constant]) -> None:
    """Numbers, durations, amounts and quantities move; texts and conditions have no order."""
    assert list(notches(constant)) == expected
