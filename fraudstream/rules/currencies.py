"""Money in a program: what the currency of an event is, and amounts in another one."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from fraudstream.events.interning import Interner
from fraudstream.events.money import EXPONENTS, factor
from fraudstream.events.rates import RateTable
from fraudstream.events.schema import Schema
from fraudstream.rules import vm_code as ops
from fraudstream.rules.operators import INT64_MIN
from fraudstream.rules.program import Bank, Program, Register
from fraudstream.rules.vm_tables import FREE

_TABLE_PLACES = 512
"""A power of two, more than twice the currencies there are."""
_FACTOR_UNKNOWN = 1
"""An amount of an unknown currency is its number of minor units."""


class Currencies:
    """The currencies of a rate table, then all others; a program numbers them in this order."""

    def __init__(self, schema: Schema, rates: RateTable) -> None:
        self._schema = schema
        self.rates = rates
        self._priced = sorted(rates.currencies)
        self._codes = [*self._priced, *sorted(set(EXPONENTS) - rates.currencies)]

    def amount(self, program: Program, to: str) -> Register:
        """Return the amounts in minor units of a currency, by the rates of their day."""
        days = self.rates.days_us
        ratios = self.rates.ratios(self._priced, to).ravel().tolist()
        return program.compute(
            ops.CONVERT,
            Bank.WHOLE,
            program.compute(ops.WHOLE, Bank.WHOLE, self._schema.row_of["amount"]),
            self._currency(program),
            program.compute(ops.TIME, Bank.WHOLE),
            program.put_words(len(days), len(self._priced), *days),
            program.put_reals(*ratios),
        )

    def minor_per_major(self, program: Program) -> Register:
        """Return per event how many minor units make one major unit of its own currency."""
        return self._by_currency(program, [_FACTOR_UNKNOWN, *map(factor, self._codes)])

    def minor(self, program: Program, value: Decimal, operator: str) -> Register:
        """Return a constant in minor units of each event's own currency, to be compared with its amount.

        Where it is no whole number of them, the next one with which the comparison is the same.
        """
        factors = [_FACTOR_UNKNOWN, *map(factor, self._codes)]
        return self._by_currency(program, [_comparable(value * each, operator) for each in factors])

    def _by_currency(self, program: Program, values: list[int]) -> Register:
        place = program.put_words(*values)
        return program.compute(ops.BY_CURRENCY, Bank.WHOLE, self._currency(program), place)

    def _currency(self, program: Program) -> Register:
        codes = program.compute(ops.CODE, Bank.WHOLE, self._schema.row_of["currency"])
        place = program.put_late(tuple(self._codes), 1 + 2 * _TABLE_PLACES, self._table)
        return program.compute(ops.CURRENCY, Bank.WHOLE, codes, place)

    def _table(self, interner: Interner) -> list[int]:
        """Return a hash table with open addressing: its size, then code and number by place."""
        table = [_TABLE_PLACES] + [FREE, 0] * _TABLE_PLACES
        for number, currency in enumerate(self._codes):
            code = interner.pin(currency)
            place = code & (_TABLE_PLACES - 1)
            while table[1 + 2 * place] != FREE:
                place = (place + 1) & (_TABLE_PLACES - 1)
            table[1 + 2 * place : 3 + 2 * place] = [code, number]
        return table


def _comparable(value: Decimal, operator: str) -> int:
    """Return the whole number that stands for `value` in `amount operator value`."""
    if value == value.to_integral_value():
        return int(value)
    if operator in ("==", "!="):
        return INT64_MIN
    return int(value.to_integral_value(ROUND_CEILING if operator in ("<", ">=") else ROUND_FLOOR))
