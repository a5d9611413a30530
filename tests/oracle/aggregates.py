"""From the values that a window holds to what a feature says of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from tests.oracle.functions import Numeric
from tests.oracle.language import Column
from tests.oracle.messages import LEVEL
from tests.oracle.rulesets import Feature
from tests.oracle.values import Scalar

MICRO = 1_000_000
"""Floats are summed as whole millionths."""


def aggregate(feature: Feature, values: Sequence[Scalar], own: Scalar | None) -> Scalar | None:
    """Return an aggregate of values; `own` is the event's own value."""
    if feature.aggregate == "count":
        return len(values)
    if feature.aggregate == "distinct":
        return len(set(values))
    numbers: list[Numeric] = [value for value in values if not isinstance(value, str)]
    if feature.aggregate in ("min", "max"):
        pick = min if feature.aggregate == "min" else max
        return pick(numbers) if numbers else None
    assert own is None or isinstance(own, int)
    scale = MICRO if isinstance(feature.value, Column) and feature.value.name == LEVEL else 1
    return _moments(feature.aggregate, [int(number) for number in numbers], own, scale)


def _moments(kind: str, numbers: Sequence[int], own: int | None, scale: int) -> Numeric | None:
    number = len(numbers)
    total = sum(numbers)
    if kind == "sum":
        return total if scale == 1 else total / scale
    if not number:
        return None
    if kind == "median":
        middle = bucket_middle(sorted(numbers)[(number - 1) // 2])
        return middle / scale
    mean = float(total) / float(number)
    if kind == "avg":
        return mean / scale
    if kind == "ratio":
        return None if own is None or mean == 0 else float(own) / mean
    if number < 2:
        return None
    variance = Fraction(number * sum(each * each for each in numbers) - total * total, number * (number - 1))
    deviation = math.sqrt(variance)
    if kind == "stddev":
        return deviation / scale
    return (
        None
        if own is None or deviation == 0
        else float((own - Fraction(total, number)) / Fraction(deviation))
    )


def bucket_middle(value: int) -> int:
    """Return the middle of a value's bucket: b0 = 0, b(k+1) = max(b(k) + 1, floor(1.03 b(k))), mirrored."""
    if value < 0:
        return -bucket_middle(-value)
    low, high = 0, 1
    while high <= value:
        low, high = high, max(high + 1, high * 103 // 100)
    return (low + high - 1) // 2
