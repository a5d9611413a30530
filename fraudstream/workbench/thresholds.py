"""The values that a sweep gives to one parameter of a rule, as they would stand in its file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from fraudstream.rules.durations import DURATION_UNITS, format_duration, parse_duration
from fraudstream.rules.errors import RulesetError, did_you_mean
from fraudstream.rules.ruleset import Rule
from fraudstream.workbench.sources import SourceError

VALUES_MAX = 1_000
"""Each value is a rule of its own in the swept ruleset; more would say nothing that fewer do not."""


class RangeError(SourceError):
    """A range of values that cannot be swept: what is wrong with it, and the remedy."""


@dataclass(frozen=True)
class Threshold:
    """One value: as a number to order by (microseconds of durations), as text, and as data of the file."""

    number: Decimal
    text: str
    data: Any


@dataclass(frozen=True)
class Thresholds:
    """Values in rising order, the one in force among them at `current`."""

    param: str
    unit: str | None
    values: tuple[Threshold, ...]
    current: int


def thresholds(rule: Rule, param: str, text: str) -> Thresholds:
    """Return the values of a range `LOW:HIGH:STEP` or a list `A,B,C`, and the current one.

    RulesetError where the rule has no such parameter or it is no threshold, RangeError for a wrong range.
    """
    params = rule.file.data.get("params", {})
    if param not in params:
        remedy = did_you_mean(param, params) or f"its parameters are {', '.join(params) or 'none'}"
        raise RulesetError([rule.file.problem(("params",), f"{rule.id} has no parameter {param}: {remedy}")])
    kind = _Kind(params[param])
    if kind.current is None:
        message = f"{param} is no number and no duration, so it has no thresholds: back-test a changed file"
        raise RulesetError([rule.file.problem(("params", param), message)])
    numbers = sorted({kind.current, *_numbers(text, kind)})
    values = tuple(kind.threshold(number) for number in numbers)
    return Thresholds(param, kind.unit, values, numbers.index(kind.current))


class _Kind:
    """How the values of a parameter are read and written: plain, as durations, or with their unit."""

    def __init__(self, data: Any) -> None:
        self._data = data
        self.is_duration = isinstance(data, str)
        self.unit: str | None = data["unit"] if isinstance(data, Mapping) else None
        self.current = self._current()

    def _current(self) -> Decimal | None:
        data = self._data["value"] if isinstance(self._data, Mapping) else self._data
        if isinstance(data, bool | list):
            return None
        try:
            return self.read(str(data))
        except RangeError:
            return None

    def read(self, text: str) -> Decimal:
        """Read one value; RangeError where it is none of this kind."""
        if self.is_duration:
            try:
                return Decimal(parse_duration(text))
            except ValueError as error:
                raise RangeError(f"--range: {error}") from None
        try:
            number = Decimal(text.strip())
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite():
            raise RangeError(f"--range: {text!r} is no number: write one such as 2500 or 0.35")
        if self.unit in DURATION_UNITS and number != number.to_integral_value():
            raise RangeError(f"--range: {text} {self.unit} is no duration: write whole numbers")
        return number

    def threshold(self, number: Decimal) -> Threshold:
        """Return a value as a rule file has it."""
        if self.is_duration:
            text = format_duration(int(number))
            return Threshold(number, text, text)
        plain = int(number) if number == number.to_integral_value() else float(number)
        shown = f"{number.normalize():f}"
        if isinstance(self._data, Mapping):
            return Threshold(number, shown, {**self._data, "value": plain})
        return Threshold(number, shown, plain)


def _numbers(text: str, kind: _Kind) -> Iterable[Decimal]:
    parts = text.split(":")
    if len(parts) == 1:
        found = [kind.read(each) for each in text.split(",")]
        if len(found) > VALUES_MAX:
            raise RangeError(f"--range: {len(found)} values, at most {VALUES_MAX} are swept: give fewer")
        return found
    if len(parts) != 3:
        raise RangeError(f"--range: {text!r} is no range: write LOW:HIGH:STEP, or values such as 1,2,5")
    low, high, step = map(kind.read, parts)
    if step <= 0 or high < low:
        raise RangeError(f"--range: {text!r} has no values: let STEP be above 0, and HIGH not below LOW")
    count = int((high - low) / step) + 1
    if count > VALUES_MAX:
        raise RangeError(f"--range: {count} values, at most {VALUES_MAX} are swept: take a longer step")
    return [low + step * index for index in range(count)]
