"""River's online forests on the handbook's payments: minutes of work, so not a part of `make quality`.

`python -m loadtest.quality.forests`
"""

from __future__ import annotations

import time

from rich.console import Console
from river import forest

from loadtest.quality import handbook_models, published
from loadtest.quality.data import load_handbook, located

FEATURES = (
    "amount",
    "amount_z",
    "amount_ratio",
    "card_mean_7d",
    "card_mean_30d",
    "card_strange_7d",
    "card_strange_14d",
    "card_z_sum_7d",
    "known_risk_7d",
    "known_risk_30d",
    "known_count_30d",
    "known_streak",
    "known_streak_age",
    "known_unexplained_30d",
    "known_unexplained_streak",
    "known_unexplained_streak_age",
)
"""Half of the features: the binned regression finds as much with them, and a forest needs less time."""
_SEED = handbook_models.SEED


def main() -> None:
    """Measure the forests one after the other."""
    console = Console()
    stage = handbook_models.staged(load_handbook(located(published.HANDBOOK_TABLE)))
    table = stage.table.select(FEATURES)
    forests = {
        "AMFClassifier, 5 trees": forest.AMFClassifier(n_estimators=5, dirichlet=0.1, seed=_SEED),
        "ARFClassifier, 10 trees": forest.ARFClassifier(n_models=10, grace_period=50, seed=_SEED),
    }
    for name, classifier in forests.items():
        began = time.perf_counter()
        model = stage.measured(name, handbook_models.river_scores(stage, table, classifier))
        seconds = time.perf_counter() - began
        for weeks, quality in (("test", model.test), ("validation", model.validation)):
            console.print(f"{name}, {weeks}: {quality.auc:.3f} {quality.ap:.3f} {quality.cp100:.3f}")
        console.print(f"{name}: {seconds:.0f} s")


if __name__ == "__main__":
    main()
