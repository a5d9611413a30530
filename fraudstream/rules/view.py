"""A batch as expressions see it: every column, converted amount, feature and score, each computed once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.batch import EventBatch
from fraudstream.events.money import EXPONENTS
from fraudstream.events.rates import RateTable
from fraudstream.features.state import Frame
from fraudstream.rules.vectors import ALWAYS, NEVER, Values

_FACTORS: Mapping[str | None, int] = {None: 1, **{code: 10**digits for code, digits in EXPONENTS.items()}}


class View:
    """The columns of one batch; `frame` and `scores` are filled in as the engine gets to them."""

    def __init__(self, batch: EventBatch, rates: RateTable) -> None:
        self.batch = batch
        self._rates = rates
        self._columns: dict[str, Values] = {}
        self.frame: Frame | None = None
        self.scores: dict[str, Values] = {}

    def __len__(self) -> int:
        return len(self.batch)

    def text(self, column: str) -> Values:
        """Return the codes of a text column."""
        return self._once(column, self._codes)

    def number(self, column: str) -> Values:
        """Return a numeric column; `amount` in minor units of each event's own currency."""
        return self._once(column, self._number)

    def amount(self, currency: str) -> Values:
        """Return the amounts converted to minor units of one currency."""
        return self._once(f"amount in {currency}", lambda _: self._converted(currency))

    def factor(self) -> NDArray[np.int64]:
        """Return per event the minor units in one major unit of its own currency."""
        return self._once("minor units", self._factors).data

    def time_us(self) -> Values:
        """Return the event times."""
        return Values(self.batch.time_us, ALWAYS)

    def feature(self, index: int, is_float: bool) -> Values:
        """Return the values of a feature, which lie in `Frame.floats` or in `Frame.ints`."""
        assert self.frame is not None, "the windows are walked before any feature is read"
        return Values((self.frame.floats if is_float else self.frame.ints)[index], self.frame.known[index])

    def score(self, model: str) -> Values:
        """Return a model's scores; unknown where it gave none."""
        return self.scores.get(model) or _nothing(len(self), np.float64)

    def _once(self, name: str, compute: object) -> Values:
        if name not in self._columns:
            self._columns[name] = compute(name)  # type: ignore[operator]
        return self._columns[name]

    def _codes(self, column: str) -> Values:
        codes = self.batch.code(column)
        return Values(codes, codes >= 0)

    def _number(self, column: str) -> Values:
        numbers = self.batch.number(column)
        return Values(numbers.values, numbers.present)

    def _currencies(self) -> list[str | None]:
        return self.batch.words("currency")

    def _converted(self, currency: str) -> Values:
        amounts = self.batch.number("amount")
        numbers = self._rates.convert(amounts, self._currencies(), self.batch.time_us, currency)
        return Values(numbers.values, numbers.present)

    def _factors(self, _: str) -> Values:
        return Values(np.array([_FACTORS[code] for code in self._currencies()], np.int64), ALWAYS)


def _nothing(events: int, dtype: type[np.generic]) -> Values:
    return Values(np.full(events, -1, dtype), np.broadcast_to(NEVER, (events,)))
