"""The models run over a small stream of the handbook's form."""

from __future__ import annotations

import numpy as np
import pytest

from loadtest.quality.data import DAY_US
from loadtest.quality.handbook_models import (
    HABITS,
    HANDBOOK,
    VALIDATION_DAYS,
    Stage,
    of_training_week,
    ranks,
    staged,
    with_labels,
    without_labels,
)
from tests.unit.loadtest.quality.drawn import drawn_payments


@pytest.fixture(scope="module")
def stage() -> Stage:
    """Return drawn payments from April to September, staged."""
    return staged(drawn_payments(12_000, seed=1, days=183, cards=3_000, terminals=100, fraud_share=0.05))


def test_the_stage_ends_with_the_test_week_and_has_its_weeks(stage: Stage) -> None:
    """The test week is days 129 to 135, the validation weeks are two, four and six weeks earlier."""
    assert stage.payments.day.max() == 135
    assert [*stage.weeks] == [0, *VALIDATION_DAYS]
    for offset, rows in stage.weeks.items():
        assert set((stage.payments.day[rows] - offset).tolist()) == {*range(129, 136)}


def test_the_books_features_are_fifteen_and_habits_read_no_label(stage: Stage) -> None:
    """Both are columns of the table."""
    assert len(set(HANDBOOK)) == 15
    assert set(HANDBOOK) <= set(stage.table.names)
    assert set(HABITS) <= set(stage.table.label_free().names)


def test_every_model_is_measured_on_every_week(stage: Stage) -> None:
    """No figure is NaN, and no two models have one name."""
    models = [*with_labels(stage), *of_training_week(stage), *without_labels(stage)]
    figures = [
        figure
        for model in models
        for week in (model.test, model.validation, model.last_validation)
        for figure in (week.auc, week.ap, week.cp100)
    ]
    assert all(0 <= figure <= 1 for figure in figures)
    assert len({model.name for model in models}) == len(models)


def test_a_rank_is_the_share_of_earlier_scores_that_are_lower() -> None:
    """So a blend of ranks needs nothing of what comes later."""
    assert ranks(np.array([1.0, 2.0, 3.0, 0.5]))[-2:].tolist() == [1, 0]


def test_days_are_counted_from_the_first_midnight(stage: Stage) -> None:
    """The training week begins 115 days after the first of April."""
    assert stage.train_from == 115
    assert stage.payments.time_us[0] < DAY_US
