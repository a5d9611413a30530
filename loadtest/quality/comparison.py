"""Rules alone, the model alone, and both, at one alert budget: whether the model is worth its place."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadtest.quality.budget import Found, Keys, Stream, alerted, ceiling, found, limit_for, recall_curve
from loadtest.quality.passes import Said

RULES, MODEL = "rules alone", "model alone"
FILLED = "rules first, then at random"
"""What rules with alerts to spare would find with them by chance: less than this a model need not bother."""
SURE = 80
"""Rules that give this much or more are sure."""
_BOTH = ("both: rules first, then the model", "both: sure rules first, then the model", "both: sum of scores")
"""Three ways to spend one budget on both; the last is the product's own, where a rule reads the model."""
_SEED = 1
_MOST = 100
"""No event has a higher score, as in the engine."""


@dataclass(frozen=True)
class Contest:
    """One stream, the ways to rank it, and which rows choices are made on and which are tested.

    The budget is so many alerts a `unit`: the period of the stream.
    """

    title: str
    stream: Stream
    keys: dict[str, Keys]
    earlier: NDArray[np.int64]
    test: NDArray[np.int64]
    budget: int
    unit: str = "day"

    @property
    def events_per_period(self) -> float:
        """How many events a period of the test has in the mean."""
        return len(self.test) / len(np.unique(self.stream.period[self.test]))


@dataclass(frozen=True)
class Line:
    """What one way found in the test, with its recall on what came earlier.

    `fixed` is what the test has at the limit that spent the same budget earlier: nobody knows a day's highest
    scores before its end.
    """

    name: str
    test: Found
    earlier_recall: float
    fixed: Found


def keys(rules: NDArray[np.int64], of_model: NDArray[np.int64], rank: Keys) -> dict[str, Keys]:
    """Return what each way ranks by: scores of rules in whole points, the model's rank below the point.

    `rules` [n] is what the rules gave that read no model, `of_model` [n] what the rule gave that reads this
    one, and `rank` [n] the model's score, from 0 to less than 1.
    """
    below = np.nan_to_num(rank)
    sums = np.minimum(rules, _MOST), np.where(rules >= SURE, np.minimum(rules, _MOST), 0)
    both = (*sums, np.minimum(rules + of_model, _MOST))
    return {
        RULES: sums[0].astype(np.float64),
        FILLED: sums[0] + np.random.default_rng(_SEED).random(len(rules)),
        MODEL: below,
        **{name: first + below for name, first in zip(_BOTH, both, strict=True)},
    }


def said_keys(said: Said, rules: Collection[str], model_rule: str, model: str) -> dict[str, Keys]:
    """Return the ways to rank by some rules and one model of what an engine said."""
    rank = said.ranks.get(model, np.full(said.messages, np.nan))
    return keys(said.summed(rules), said.summed([model_rule]), rank)


def lines(contest: Contest) -> list[Line]:
    """Measure every way on the tested rows; limits are of the earlier ones."""
    return [_line(contest, name, key) for name, key in contest.keys.items()]


def chosen(measured: list[Line]) -> tuple[Line, Line, Line]:
    """Return rules alone, the model alone, and of the ways for both the one that found most earlier."""
    by_name = {line.name: line for line in measured}
    both = max((by_name[name] for name in _BOTH), key=lambda line: line.earlier_recall)
    return by_name[RULES], by_name[MODEL], both


def test_ceiling(contest: Contest) -> float:
    """Return the card precision in the test of one who knows the answers."""
    return ceiling(contest.stream.take(contest.test), contest.budget)


def curves(contest: Contest, budgets: list[int]) -> dict[str, list[float]]:
    """Return the recall at each budget of rules alone, the model alone, and both as chosen."""
    names = [line.name for line in chosen(lines(contest))]
    stream = contest.stream.take(contest.test)
    return {name: recall_curve(stream, contest.keys[name][contest.test], budgets) for name in names}


def _line(contest: Contest, name: str, key: Keys) -> Line:
    earlier, test = (contest.stream.take(rows) for rows in (contest.earlier, contest.test))
    before, now = key[contest.earlier], key[contest.test]
    budget = contest.budget
    limit = limit_for(earlier.period, before, budget)
    return Line(
        name,
        found(test, alerted(test.period, now, budget), now, budget),
        found(earlier, alerted(earlier.period, before, budget), before, budget).recall,
        found(test, now >= limit, now, budget),
    )
