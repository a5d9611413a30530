"""The models that are measured on the handbook's payments: one pass, online, labels a week late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from river import linear_model, optim, preprocessing

from fraudstream.scorers.calibration import Calibrator
from loadtest.quality.data import DAY_US, Payments
from loadtest.quality.detectors import half_space_trees, isolation_forest, loda
from loadtest.quality.features import LABEL_FED, Table, features
from loadtest.quality.handbook import (
    DELAY_DAYS,
    TEST_DAYS,
    TRAIN_DAYS,
    TRAIN_FROM,
    Quality,
    ceiling,
    judge,
    split,
)
from loadtest.quality.learners import Binned, RiverLearner
from loadtest.quality.network import OnlineNetwork
from loadtest.quality.passes import Said
from loadtest.quality.prequential import Learner, delayed_scores

SEED = 1
WARM_UP_DAYS = 14
"""Before, cards have no habits yet, and nothing is learned."""
VALIDATION_DAYS = (-14, -28, -42)
"""Protocols that begin so many days earlier: on them choices were made. The first is the handbook's own."""
HANDBOOK = (
    "weekend",
    "night",
    "amount",
    *(f"card_{what}_{number}d" for what in ("count", "mean") for number in (1, 7, 30)),
    *(f"known_{what}_{number}d" for what in ("count", "risk") for number in (1, 7, 30)),
)
"""The book's 15 features; its terminal counts are of the payments whose labels are known."""
HABITS = (
    "amount",
    "amount_z",
    "amount_ratio",
    "amount_z_30d",
    "card_strange_3d",
    "card_strange_7d",
    "card_strange_14d",
    "card_z_sum_7d",
)
"""How a payment fits its card: what detectors see. Further columns only add noise to them."""
OF_THE_PRODUCT = ("learned", "unusual", "unusual_risk")
"""What learns labels; what reads none; what reads them, as the published detectors do, and learns none."""
_ONE_GENUINE_IN = 10
"""River's learners are slow: of the genuine payments they learn this part."""

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """What one model reached: in the test week, the mean of the validation weeks, and the last of them."""

    name: str
    test: Quality
    validation: Quality
    last_validation: Quality


@dataclass(frozen=True)
class Stage:
    """The payments up to the end of the test week, their features, and the weeks to be judged by offset."""

    payments: Payments
    table: Table
    weeks: dict[int, NDArray[np.int64]]
    train_from: int

    def measured(self, name: str, score: Scores) -> Measured:
        """Judge scores, which need to be there in the judged weeks only."""
        test, *validation = (judge(self.payments, rows, score[rows]) for rows in self.weeks.values())
        return Measured(name, test, _mean(validation), validation[0])

    def ceilings(self, fraud: NDArray[np.bool_]) -> tuple[float, float]:
        """Return the card precision of who knows these frauds: test week, last validation week."""
        answers = self.payments.with_labels(fraud[: len(self.payments.time_us)])
        return ceiling(answers, self.weeks[0]), ceiling(answers, self.weeks[VALIDATION_DAYS[0]])


def staged(payments: Payments) -> Stage:
    """Cut the payments at the end of the test week, and read their features."""
    train_from = payments.day_of(TRAIN_FROM)
    seen = payments.until(train_from + TRAIN_DAYS + DELAY_DAYS + TEST_DAYS)
    weeks = {offset: split(seen, train_from + offset).test for offset in (0, *VALIDATION_DAYS)}
    return Stage(seen, features(seen, DELAY_DAYS * DAY_US), weeks, train_from)


def of_the_product(stage: Stage, said: Said) -> list[Measured]:
    """Measure the models of `handbook_rules/` in the engine, in the order of `OF_THE_PRODUCT`."""
    return [
        stage.measured(f"fraudstream: {model}, one pass of the engine", np.nan_to_num(said.ranks[model]))
        for model in OF_THE_PRODUCT
    ]


def with_labels(stage: Stage) -> Iterator[Measured]:
    """Measure the learners, the best one first."""
    everything = stage.payments.day >= WARM_UP_DAYS
    table = stage.table
    binned = _scored(_binned(table), stage, table, everything)
    network = _scored(_network(table), stage, table, everything)
    yield stage.measured("binned logistic regression", binned)
    yield stage.measured("network, 32 units", network)
    yield stage.measured("both, mean log-odds", binned + network)
    regression = linear_model.LogisticRegression(optimizer=optim.AdaGrad(0.1))
    yield stage.measured("River LogisticRegression, standardised", river_scores(stage, table, regression))
    unexplained = tuple(name for name in table.names if not name.startswith("known_unexplained"))
    yield _narrower("no unexplained frauds", stage, table.select(unexplained))
    yield _narrower("the book's 15 features", stage, table.select(HANDBOOK))
    yield _narrower("no label-fed features", stage, table.label_free())


def of_training_week(stage: Stage) -> Iterator[Measured]:
    """Measure learners that learn the payments of the training week, and no others.

    The features still read whatever is known at their time.
    """
    found: dict[str, list[Quality]] = {}
    for offset, rows in stage.weeks.items():
        day = stage.payments.day - stage.train_from - offset
        week = (day >= 0) & (day < TRAIN_DAYS)
        binned, network = (
            _scored(learner, stage, stage.table, week)[rows]
            for learner in (_binned(stage.table), _network(stage.table))
        )
        for name, score in (("binned", binned), ("network", network), ("both", binned + network)):
            found.setdefault(name, []).append(judge(stage.payments, rows, score))
    for name, (test, *validation) in found.items():
        yield Measured(f"{name}, learning the training week alone", test, _mean(validation), validation[0])


def without_labels(stage: Stage) -> Iterator[Measured]:
    """Measure the detectors on features that no label feeds, and the best of them on label-fed ones."""
    habits = stage.table.select(HABITS)
    by_loda = loda(habits.x, SEED)
    amount_z = stage.table.select(("amount_z",)).x[:, 0]
    yield stage.measured("LODA and amount z-score, mean rank", ranks(by_loda) + ranks(amount_z))
    yield stage.measured("LODA", by_loda)
    yield stage.measured("amount z-score", amount_z)
    yield stage.measured("isolation forest, online", isolation_forest(habits.x, SEED, trees=50, period=200))
    yield stage.measured("HalfSpaceTrees 25x8", half_space_trees(habits.x, SEED, window=1_000))
    fed = tuple(name for name in stage.table.names if name.startswith(LABEL_FED))
    risk = stage.table.select((*HABITS, *fed))
    yield stage.measured("LODA, with label-fed features", loda(risk.x, SEED))


def shuffled(payments: Payments) -> Measured:
    """Measure the best learner on a stream whose labels were dealt out anew: all it may reach is chance."""
    dealt = np.random.default_rng(SEED).permutation(payments.fraud)
    stage = staged(payments.with_labels(dealt))
    everything = stage.payments.day >= WARM_UP_DAYS
    score = _scored(_binned(stage.table), stage, stage.table, everything)
    return stage.measured("binned, labels shuffled", score)


def river_scores(stage: Stage, table: Table, classifier: Any) -> Scores:
    """Run a classifier of River, standardised, that learns all frauds and one in ten genuine payments."""
    random = np.random.default_rng(SEED).random(len(table.x))
    learned = (stage.payments.day >= WARM_UP_DAYS) & (stage.payments.fraud | (random < 1 / _ONE_GENUINE_IN))
    return _scored(RiverLearner(preprocessing.StandardScaler(), classifier), stage, table, learned)


def ranks(score: Scores) -> Scores:
    """Return the share of earlier scores that are lower, as fraudstream calibrates them."""
    return Calibrator(1, 2).rank(score)[0]


def _binned(table: Table) -> Learner:
    return Binned(len(table.names))


def _network(table: Table) -> Learner:
    return OnlineNetwork(len(table.names), SEED)


def _narrower(what: str, stage: Stage, table: Table) -> Measured:
    everything = stage.payments.day >= WARM_UP_DAYS
    return stage.measured(f"binned, {what}", _scored(_binned(table), stage, table, everything))


def _scored(learner: Learner, stage: Stage, table: Table, learned: NDArray[np.bool_]) -> Scores:
    """Run a learner over the stream, and ask it in the judged weeks."""
    payments = stage.payments
    asked = np.zeros(len(payments.time_us), np.bool_)
    for rows in stage.weeks.values():
        asked[rows] = True
    return delayed_scores(
        learner, payments.time_us, table.x, payments.fraud, DELAY_DAYS * DAY_US, learned, asked
    )


def _mean(qualities: list[Quality]) -> Quality:
    return Quality(
        auc=float(np.mean([quality.auc for quality in qualities])),
        ap=float(np.mean([quality.ap for quality in qualities])),
        cp100=float(np.mean([quality.cp100 for quality in qualities])),
    )
