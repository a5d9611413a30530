"""What a model is told of a card payment: how it fits its card's habits, and what became of others like it.

Every value is of the moment of the payment. Those named `LABEL_FED` read labels, of payments older than the
delay; all others read none. Amounts enter as logarithms of major units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loadtest.quality.data import Payments
from loadtest.quality.windows import EVER, Integers, days, fraud_streak, sliding

Column = NDArray[np.float64]
Named = Iterator[tuple[str, Column]]

LABEL_FED = "known_"
"""What the names of the features begin with that are fed by labels."""
STRANGE_Z = 3.0
"""An amount this many of the card's standard deviations above the card's mean is strange for the card."""
_MINOR = 100
_HOUR_US = days(1) // 24
_STREAK_MAX = 20


@dataclass(frozen=True)
class Table:
    """Features by name; x is float64 [n, d], without gaps."""

    names: tuple[str, ...]
    x: NDArray[np.float64]

    def select(self, names: tuple[str, ...]) -> Table:
        """Return some of the columns."""
        return Table(names, np.ascontiguousarray(self.x[:, [self.names.index(name) for name in names]]))

    def label_free(self) -> Table:
        """Return the columns that no label feeds."""
        return self.select(tuple(name for name in self.names if not name.startswith(LABEL_FED)))


class Habit(NamedTuple):
    """An amount against the card's earlier ones; 0 before it has three."""

    z: Column
    ratio: Column


def features(payments: Payments, delay_us: int) -> Table:
    """Read every feature at every payment; labels are known `delay_us` after the payment."""
    lasting = habit(payments, EVER)
    named = dict(
        [
            *_clock(payments),
            *_card(payments),
            *_habits(payments, lasting),
            *_places(payments, lasting),
            *_known_risk(payments, delay_us),
            *_known_unexplained(payments, lasting, delay_us),
        ]
    )
    return Table(tuple(named), np.column_stack([*named.values()]))


def habit(payments: Payments, window_us: int) -> Habit:
    """Compare amounts with those of the card's earlier payments in the window: z-score, log of the ratio."""
    amount = payments.amount
    window = sliding(payments.time_us, payments.card, amount, window_us, 0)
    earlier = window.events - 1
    mean = (window.total - amount) / np.maximum(earlier, 1)
    squares = (window.squares - amount * amount) - earlier * mean**2
    deviation = np.sqrt(np.maximum(squares, 0) / np.maximum(earlier - 1, 1))
    enough = earlier >= 3
    z = (amount - mean) / np.maximum(deviation, _MINOR)
    ratio = np.log((amount + _MINOR) / (mean + _MINOR))
    return Habit(np.where(enough, np.clip(z, -5, 15), 0.0), np.where(enough, ratio, 0.0))


def _clock(payments: Payments) -> Named:
    weekday = (payments.day + payments.first_day.astype(np.int64) + 3) % 7
    yield "weekend", (weekday >= 5).astype(np.float64)
    yield "night", (payments.time_us // _HOUR_US % 24 <= 6).astype(np.float64)


def _card(payments: Payments) -> Named:
    yield "amount", _log_amount(payments.amount)
    for number in (1, 7, 30):
        window = sliding(payments.time_us, payments.card, payments.amount, days(number), 0)
        yield f"card_count_{number}d", np.log1p(window.events)
        yield f"card_mean_{number}d", _log_amount(window.total / window.events)


def _habits(payments: Payments, lasting: Habit) -> Named:
    yield "amount_z", lasting.z
    yield "amount_ratio", lasting.ratio
    yield "amount_z_30d", habit(payments, days(30)).z
    strange = (lasting.z > STRANGE_Z).astype(np.int64)
    for number in (3, 7, 14):
        window = sliding(payments.time_us, payments.card, strange, days(number), 0)
        yield f"card_strange_{number}d", np.log1p(window.total - strange)
    above = _hundredths(np.clip(lasting.z, 0, 10))
    week = sliding(payments.time_us, payments.card, above, days(7), 0)
    yield "card_z_sum_7d", week.total / 100 / np.sqrt(week.events)


def _places(payments: Payments, lasting: Habit) -> Named:
    """Yield the hour and the terminal against the card's habits, and a terminal's recent amounts."""
    hour = payments.time_us // _HOUR_US % 24
    own = _earlier(payments, payments.card * 24 + hour)
    everyones = _earlier(payments, hour) / np.maximum(np.arange(len(hour)), 1)
    pseudo = 20.0
    likely = (own + pseudo * everyones) / (_earlier(payments, payments.card) + pseudo)
    yield "hour_surprise", -np.log(likely + 1e-3)
    pair = payments.card * (payments.terminal.max() + 1) + payments.terminal
    yield "terminal_familiarity", np.log1p(_earlier(payments, np.unique(pair, return_inverse=True)[1]))
    z = _hundredths(lasting.z)
    for number in (1, 7):
        window = sliding(payments.time_us, payments.terminal, z, days(number), 0)
        yield f"terminal_z_{number}d", (window.total - z) / np.maximum(window.events - 1, 1) / 100


def _known_risk(payments: Payments, delay_us: int) -> Named:
    fraud = payments.fraud.astype(np.int64)
    for number in (1, 7, 30):
        window = sliding(payments.time_us, payments.terminal, fraud, days(number), delay_us)
        yield f"known_count_{number}d", np.log1p(window.events)
        yield f"known_risk_{number}d", window.total / np.maximum(window.events, 1)
    yield from _streak(payments, payments.fraud, delay_us, "known_streak")


def _known_unexplained(payments: Payments, lasting: Habit, delay_us: int) -> Named:
    """Yield the frauds that the card's own behaviour does not explain: they point at the terminal."""
    unexplained = payments.fraud & (lasting.z <= STRANGE_Z)
    for number in (7, 30):
        window = sliding(
            payments.time_us, payments.terminal, unexplained.astype(np.int64), days(number), delay_us
        )
        yield f"known_unexplained_{number}d", np.log1p(window.total)
        yield f"known_unexplained_share_{number}d", window.total / np.maximum(window.events, 1)
    yield from _streak(payments, unexplained, delay_us, "known_unexplained_streak")


def _streak(payments: Payments, fraud: NDArray[np.bool_], delay_us: int, name: str) -> Named:
    streak = fraud_streak(payments.time_us, payments.terminal, fraud, delay_us)
    yield name, np.log1p(np.minimum(streak.length, _STREAK_MAX) + 1)
    yield f"{name}_age", np.minimum(streak.since_us / days(28), 3)


def _earlier(payments: Payments, entity: Integers) -> Integers:
    return sliding(payments.time_us, entity, entity, EVER, 0).events - 1


def _log_amount(amount: NDArray[np.int64] | Column) -> Column:
    return np.asarray(np.log1p(amount / _MINOR))


def _hundredths(values: Column) -> Integers:
    return np.rint(values * 100).astype(np.int64)
