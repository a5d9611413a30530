"""The handbook's part of `make quality`: models beside what was published, rules beside models, plots."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.table import Table

from loadtest.quality import contests, handbook_models, plots, published
from loadtest.quality.calibration import probability, reliability
from loadtest.quality.data import DAY_US, TRACEABLE, content_hash, load_handbook, located
from loadtest.quality.handbook import DELAY_DAYS, TEST_DAYS
from loadtest.quality.handbook_models import Measured, Stage
from loadtest.quality.metrics import average_precision, card_precision_by_day, precision_recall
from loadtest.quality.part import Figures, Part, compared, qualities, section, table
from loadtest.quality.passes import Said
from loadtest.quality.product import judged

_FIRST_WEEK = 4
"""Before, the models warm up."""


def measured(folder: Path, drawn: Path) -> Part:
    """Measure everything on the handbook's payments, and draw it."""
    path = located(published.HANDBOOK_TABLE, folder)
    payments = load_handbook(path)
    stage = handbook_models.staged(payments)
    said = judged(stage.payments, DELAY_DAYS * DAY_US)
    learned, *unusual = handbook_models.of_the_product(stage, said)
    source = f"{published.HANDBOOK_TABLE} {content_hash(path)}, seed {handbook_models.SEED}"
    traceable = stage.ceilings(load_handbook(path, TRACEABLE).fraud)
    models = _models(source, stage, traceable, learned, unusual)
    models.caption = f"{models.caption}\nlabels shuffled: all that is left is chance"
    of_labels, of_none = contests.of_handbook(stage, said)
    both, figures = compared(of_labels, "handbook", source)
    unlabelled, others = compared(of_none, "unlabelled", source)
    return Part(
        [models, both, unlabelled],
        _figures(stage, said, learned, unusual) | figures | others,
        [*_plots(stage, said, [learned, *unusual], drawn)],
        [of_labels, of_none],
    )


def _models(
    source: str, stage: Stage, traceable: tuple[float, float], learned: Measured, unusual: list[Measured]
) -> Table:
    """Lay out every model beside the published ones."""
    ceilings = stage.ceilings(stage.payments.fraud)
    learners = [learned, *handbook_models.with_labels(stage), *handbook_models.of_training_week(stage)]
    detectors = [*unusual, *handbook_models.without_labels(stage)]
    shuffled = handbook_models.shuffled(stage.payments)
    out = table(source, "model", "AUC", "AP", "CP@100")
    section(out, f"with labels, test week 2018-08-08..14, ceiling {ceilings[0]:.3f}")
    qualities(out, ((model.name, model.test) for model in [*learners, shuffled]))
    qualities(out, published.TEST_WEEK.items(), "[dim]published: ")
    section(out, f"learning no labels, 2018-07-25..31, ceiling without scenario 2 {traceable[1]:.3f}")
    qualities(out, ((model.name, model.last_validation) for model in detectors))
    qualities(out, published.VALIDATION_WEEK.items(), "[dim]published: ")
    section(out, f"learning no labels, test week, ceiling without scenario 2 {traceable[0]:.3f}")
    qualities(out, ((model.name, model.test) for model in detectors))
    section(out, "mean of three earlier test weeks, on which choices were made")
    qualities(out, ((model.name, model.validation) for model in [*learners, *detectors]))
    return out


def _figures(stage: Stage, said: Said, learned: Measured, unusual: list[Measured]) -> Figures:
    week, fed = (model.last_validation for model in unusual)
    rows = stage.weeks[0]
    expected = probability(said.raw["learned"][rows]).sum() / stage.payments.fraud[rows].sum()
    return {
        "handbook_auc": round(learned.test.auc, 3),
        "handbook_ap": round(learned.test.ap, 3),
        "handbook_cp100": round(learned.test.cp100, 3),
        "handbook_frauds_expected_to_actual": round(float(expected), 3),
        "unsupervised_ap": round(week.ap, 3),
        "unsupervised_cp100": round(week.cp100, 3),
        "unsupervised_label_fed_ap": round(fed.ap, 3),
        "unsupervised_label_fed_cp100": round(fed.cp100, 3),
    }


def _plots(stage: Stage, said: Said, models: list[Measured], drawn: Path) -> list[Path]:
    payments, rows = stage.payments, stage.weeks[0]
    fraud = payments.fraud[rows]
    curves = {
        name: (precision_recall(fraud, said.ranks[model][rows]), measured)
        for model, name, measured in zip(handbook_models.OF_THE_PRODUCT, _NAMES, models, strict=True)
    }
    title = "Does the learned score keep its word? Test week of the handbook"
    bins = [*reliability(probability(said.raw["learned"][rows]), fraud)]
    return [
        plots.precision_recall(curves, drawn / "handbook_precision_recall.png"),
        plots.over_time(_by_day(stage, said), _by_week(stage, said), _days(), drawn / "handbook_time.png"),
        plots.calibration(bins, title, drawn / "handbook_calibration.png"),
    ]


_NAMES = ("learns labels", "reads no labels", "reads labels, learns none")
"""Of the models of the product, in the order of `OF_THE_PRODUCT`."""


def _days() -> list[str]:
    first = np.datetime64("2018-08-08")
    return [str(first + day)[5:] for day in range(TEST_DAYS)]


def _by_day(stage: Stage, said: Said) -> dict[str, list[float]]:
    """Return the card precision of each day of the test week, first that of who knows the answers."""
    payments, rows = stage.payments, stage.weeks[0]
    day, card, fraud = payments.day[rows], payments.card[rows], payments.fraud[rows]
    scores = {"all that there is": fraud.astype(np.float64)}
    scores |= {
        name: said.ranks[model][rows]
        for model, name in zip(handbook_models.OF_THE_PRODUCT, _NAMES, strict=True)
    }
    return {name: card_precision_by_day(day, card, fraud, score) for name, score in scores.items()}


def _by_week(stage: Stage, said: Said) -> dict[str, tuple[list[int], list[float]]]:
    """Return the average precision of each week, over all payments and no card left out."""
    week = stage.payments.day // 7
    found: dict[str, tuple[list[int], list[float]]] = {}
    for model, name in zip(handbook_models.OF_THE_PRODUCT, _NAMES, strict=True):
        score = said.ranks[model]
        weeks = [
            each for each in range(_FIRST_WEEK, int(week.max())) if np.isfinite(score[week == each]).all()
        ]
        precisions = [
            average_precision(stage.payments.fraud[week == each], score[week == each]) for each in weeks
        ]
        found[name] = weeks, precisions
    return found
