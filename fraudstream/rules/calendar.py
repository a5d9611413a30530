"""Times on the clock and the calendar of a zone, read from its transitions when a rule is compiled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from fraudstream.events.times import TIME_US_MAX
from fraudstream.rules import vm_code as ops
from fraudstream.rules.calls import Call, Result
from fraudstream.rules.errors import did_you_mean
from fraudstream.rules.membership import listed_days
from fraudstream.rules.operators import arithmetic
from fraudstream.rules.parse import ExpressionError
from fraudstream.rules.program import Bank, Program, Register
from fraudstream.rules.tree import Literal, Node
from fraudstream.rules.types import NUMBER, TRUTH, Kind

TAKES = '(a time) or (a time, "zone")'
HOLIDAY_TAKES = '(a time, "list") or (a time, "list", "zone")'
_MINUTE_US = 60_000_000
_HOUR_US = 60 * _MINUTE_US
_DAY_US = 24 * _HOUR_US
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SAMPLE = timedelta(days=7)
"""No zone has ever kept a clock for less than this."""


def hour(call: Call) -> Result:
    """Tell the hour of the day."""
    return _part(call, _HOUR_US, 24)


def minute_of_day(call: Call) -> Result:
    """Tell the minutes since midnight."""
    return _part(call, _MINUTE_US, 1_440)


def weekday(call: Call) -> Result:
    """Tell the day of the week, Monday is 1, as in ISO 8601."""
    program, local, result = _local(call)
    # 1970-01-01 was a Thursday.
    shifted = arithmetic(program, "+", _day(program, local), program.whole(3))
    remainder = arithmetic(program, "%", shifted, program.whole(7))
    return result._replace(register=arithmetic(program, "+", remainder, program.whole(1)))


def day_of_month(call: Call) -> Result:
    """Tell the day of the month."""
    program, local, result = _local(call)
    day = program.compute(ops.DAY_OF_MONTH, Bank.WHOLE, _day(program, local))
    return result._replace(register=day)


def holiday(call: Call) -> Result:
    """Tell whether the day is on a list of days, as the list stands at that time."""
    match call.node.arguments:
        case (time, Literal(str(), _, _) as name, *zone) if len(zone) < 2:
            program, local, result = _in_zone(call, time, zone)
            days = listed_days(call.scope, name)
            register = program.compute(
                ops.LISTED,
                Bank.TRUTH,
                _day(program, local),
                program.compute(ops.TIME, Bank.WHOLE),
                program.put_words(*days),
                len(days) // 3,
            )
            return result._replace(type=TRUTH, register=register)
    raise call.refused()


def _part(call: Call, unit_us: int, units: int) -> Result:
    program, local, result = _local(call)
    number = program.compute(ops.FLOOR_DIVIDE, Bank.WHOLE, local, program.whole(unit_us))
    return result._replace(register=arithmetic(program, "%", number, program.whole(units)))


def _day(program: Program, local: Register) -> Register:
    return program.compute(ops.FLOOR_DIVIDE, Bank.WHOLE, local, program.whole(_DAY_US))


def _local(call: Call) -> tuple[Program, Register, Result]:
    match call.node.arguments:
        case (time, *zone) if len(zone) < 2:
            return _in_zone(call, time, zone)
    raise call.refused()


def _in_zone(call: Call, time: Node, zone: list[Node]) -> tuple[Program, Register, Result]:
    """Return the program, the time on the clock of a zone, and a result to complete."""
    operand = call.compile(time)
    if operand.type.kind is not Kind.TIME:
        raise call.refused()
    register = call.register(operand)
    if register.bank is Bank.REAL:
        # A time plus a part of a duration; clocks tell whole microseconds.
        register = call.program.compute(ops.ROUND, Bank.WHOLE, register)
    match zone:
        case [Literal(str(name), _, position)]:
            place = call.program.put_words(*_transitions_at(name, position))
            register = call.program.compute(ops.LOCAL, Bank.WHOLE, register, place)
        case [_]:
            raise call.refused()
    return call.program, register, Result(NUMBER, register, (operand,))


def _transitions_at(zone: str, position: int) -> tuple[int, ...]:
    known = available_timezones()
    if zone not in known:
        remedy = did_you_mean(zone, sorted(known)) or "use an IANA name such as Asia/Shanghai"
        raise ExpressionError(f"time zone {zone!r} is unknown: {remedy}", position)
    return transitions(zone)


@lru_cache
def transitions(zone: str) -> tuple[int, ...]:
    """Return the number of changes of a zone's offset, their times, and the offsets from each on, in us."""
    info = ZoneInfo(zone)
    end = _EPOCH + timedelta(microseconds=TIME_US_MAX)
    times, offsets = [0], [_offset_us(info, _EPOCH)]
    moment = _EPOCH
    while moment < end:
        following = moment + _SAMPLE
        if _offset_us(info, following) != offsets[-1]:
            change = _first_with_another(info, moment, following, offsets[-1])
            times.append((change - _EPOCH) // timedelta(microseconds=1))
            offsets.append(_offset_us(info, change))
            following = change
        moment = following
    return (len(times), *times, *offsets)


def _first_with_another(info: ZoneInfo, before: datetime, after: datetime, offset_us: int) -> datetime:
    """Return the second in which the offset changes, which it does once between two moments."""
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if _offset_us(info, middle) == offset_us:
            before = middle
        else:
            after = middle
    return after


def _offset_us(info: ZoneInfo, moment: datetime) -> int:
    offset = moment.astimezone(info).utcoffset() or timedelta()
    return offset // timedelta(microseconds=1)
