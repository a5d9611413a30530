"""The functions of the expression language: one entry each, with its types and an example.

What an entry says is what `docs/language.md` and the messages say; how it is computed stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fraudstream.rules import calendar, digits, texts
from fraudstream.rules import vm_code as ops
from fraudstream.rules.calls import Call, Result
from fraudstream.rules.errors import did_you_mean
from fraudstream.rules.operators import arithmetic, as_real, choice, magnitude
from fraudstream.rules.parse import ExpressionError
from fraudstream.rules.program import Bank, Register
from fraudstream.rules.tree import Literal
from fraudstream.rules.types import NUMBER, TRUTH, Kind, number

_HOUR_US = 3_600_000_000


@dataclass(frozen=True)
class Function:
    """A function: what it takes and gives, what that means, an example, and how it is computed."""

    takes: str
    gives: str
    meaning: str
    example: str
    build: Callable[[Call], Result]


def _magnitude(call: Call) -> Result:
    (operand,) = call.numbers(1)
    return Result(operand.type, magnitude(call.program, call.register(operand)), (operand,))


def _choice(word: str) -> Callable[[Call], Result]:
    def build(call: Call) -> Result:
        first, second = call.numbers(2)
        type_, left, right = call.alike(first, second)
        return Result(type_, choice(call.program, word, left, right), (first, second))

    return build


def _log1p(call: Call) -> Result:
    (operand,) = call.numbers(1)
    real = as_real(call.program, call.major(operand))
    return Result(NUMBER, call.program.compute(ops.LOG1P, Bank.REAL, real), (operand,))


def _round(call: Call) -> Result:
    (operand,) = call.numbers(1)
    register, is_money = call.register(operand), operand.type.kind is Kind.MONEY
    if register.bank is Bank.REAL:
        register = call.program.compute(ops.ROUND, Bank.WHOLE, call.major(operand))
        register = arithmetic(call.program, "*", register, call.unit(operand)) if is_money else register
    elif is_money:
        register = call.program.compute(ops.ROUND_TO, Bank.WHOLE, register, call.unit(operand))
    return Result(operand.type, register, (operand,))


def _distance(call: Call, *places: Register) -> Register:
    return call.program.compute(ops.DISTANCE, Bank.REAL, *(as_real(call.program, each) for each in places))


def _distance_km(call: Call) -> Result:
    operands = call.plain(*(Kind.NUMBER,) * 4)
    return Result(number("km"), _distance(call, *map(call.register, operands)), operands)


def _speed(call: Call) -> Result:
    operands = call.plain(*(Kind.NUMBER,) * 4, Kind.DURATION)
    *places, duration = map(call.register, operands)
    # What takes no time, or less, has no speed: a division by zero is unknown.
    elapsed = choice(call.program, "greatest", duration, call.program.whole(0))
    hours = arithmetic(call.program, "/", elapsed, call.program.whole(_HOUR_US))
    speed = arithmetic(call.program, "/", _distance(call, *places), hours)
    return Result(number("km_per_h"), speed, operands)


def _score(call: Call) -> Result:
    match call.node.arguments:
        case (Literal(str(model)),) if model in call.scope.models:
            return Result(NUMBER, call.program.score(model))
    known = ", ".join(sorted(call.scope.models)) or "none"
    message = f"score takes the id of a model as text; models: {known}"
    raise ExpressionError(message, call.node.position)


def _rule(call: Call) -> Result:
    match call.node.arguments:
        case (Literal(str(rule)),) if rule in call.scope.outcomes:
            return Result(TRUTH, call.scope.outcomes[rule])
        case (Literal(str(rule), _, position),) if call.scope.outcomes:
            remedy = did_you_mean(rule, call.scope.outcomes) or "use the id of a rule that runs"
            raise ExpressionError(f"rule {rule} is unknown: {remedy}", position)
    message = 'rule takes the id of another rule as text, in `when` only, such as rule("AML-STR-001")'
    raise ExpressionError(message, call.node.position)


FUNCTIONS: dict[str, Function] = {
    "abs": Function(
        "a number",
        "the same",
        "without its sign; amounts stay amounts",
        "abs(amount_usd - 100) < 5",
        _magnitude,
    ),
    "least": Function(
        "a number, a number", "the same", "the smaller of two", "least(amount_usd, 50) > 10", _choice("least")
    ),
    "greatest": Function(
        "a number, a number",
        "the same",
        "the larger of two",
        "greatest(amount_usd, 50) > 80",
        _choice("greatest"),
    ),
    "round": Function(
        "a number",
        "the same",
        "to the nearest whole (major) unit, half to even",
        "round(amount_usd) == 100",
        _round,
    ),
    "log1p": Function(
        "a number",
        "a number",
        "natural logarithm of 1 + x; unknown for x <= -1",
        "log1p(amount_usd) > 9",
        _log1p,
    ),
    "first_digit": Function(
        "a whole number or amount",
        "a number",
        "first digit that is not 0; unknown for 0",
        "first_digit(amount_usd) == 9",
        digits.first_digit,
    ),
    "last_digits": Function(
        "a whole number or amount, how many digits from 1 to 15",
        "a number",
        "last digits of the whole major units",
        "last_digits(amount_usd, 3) == 999",
        digits.last_digits,
    ),
    "trailing_zeros": Function(
        "a whole number or amount",
        "a number",
        "zeros at the end of the major units; 0 where there are minor units, unknown for 0",
        "trailing_zeros(amount_usd) >= 3",
        digits.trailing_zeros,
    ),
    "digits": Function(
        "a whole number or amount",
        "a number",
        "how many digits the whole major units have",
        "digits(amount_usd) == 4",
        digits.count,
    ),
    "distance_km": Function(
        "a number, a number, a number, a number",
        "a number in km",
        "great-circle distance of two places, each as latitude and longitude in degrees",
        "distance_km(device.lat, device.lon, 52.5, 13.4) > 100",
        _distance_km,
    ),
    "speed_km_per_h": Function(
        "a number, a number, a number, a number, a duration",
        "a number in km_per_h",
        "that distance over a time; unknown where the time is not above 0",
        "speed_km_per_h(device.lat, device.lon, 52.5, 13.4, 2h) > 900",
        _speed,
    ),
    "hour": Function(
        calendar.TAKES, "a number", "hour of the day, 0 to 23", "hour(occurred_at) < 6", calendar.hour
    ),
    "minute_of_day": Function(
        calendar.TAKES,
        "a number",
        "minutes since midnight, 0 to 1439",
        'minute_of_day(occurred_at, "Asia/Shanghai") >= 1350',
        calendar.minute_of_day,
    ),
    "weekday": Function(
        calendar.TAKES, "a number", "Monday 1 to Sunday 7", "weekday(occurred_at) in [6, 7]", calendar.weekday
    ),
    "day_of_month": Function(
        calendar.TAKES, "a number", "1 to 31", "day_of_month(occurred_at) == 1", calendar.day_of_month
    ),
    "holiday": Function(
        calendar.HOLIDAY_TAKES,
        "a condition",
        "whether the day is on a list of days such as 2026-10-01",
        'holiday(occurred_at, "public_holidays", "Asia/Shanghai")',
        calendar.holiday,
    ),
    "contains": Function(
        texts.TAKES,
        "a condition",
        "whether a text has another in it",
        'contains(purpose, "gift")',
        texts.test,
    ),
    "starts_with": Function(
        texts.TAKES, "a condition", "whether a text begins so", 'starts_with(purpose, "inv")', texts.test
    ),
    "ends_with": Function(
        texts.TAKES, "a condition", "whether a text ends so", 'ends_with(purpose, "ltd")', texts.test
    ),
    "matches": Function(
        texts.TAKES,
        "a condition",
        "whether a regular expression (RE2) matches anywhere; `^` and `$` bind it to the ends",
        'matches(purpose, "^inv[0-9]{4}$")',
        texts.matches,
    ),
    "score": Function(
        "the id of a model",
        "a number",
        "a model's score, 0 to 1",
        'score("anomaly") > 0.99',
        _score,
    ),
    "rule": Function(
        "the id of another rule",
        "a condition",
        "that rule's outcome: true for hit, false for miss, else unknown",
        'rule("TST-ANY-001") and amount_usd > 500',
        _rule,
    ),
}
"""By name. Text tests ignore case; `==` and `in` do not. Times are read in UTC unless a zone is given."""


def unknown_function(name: str) -> str:
    """Return the message for a function that is not there."""
    remedy = did_you_mean(name, FUNCTIONS) or f"known are {', '.join(sorted(FUNCTIONS))}"
    return f"there is no function {name}: {remedy}"
