"""The part of `make quality` on fraudtwin: what is found by scenario, and the project's own rules there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from loadtest.quality import contests, fraudtwin, fraudtwin_product, published
from loadtest.quality.data import content_hash, located
from loadtest.quality.fraudtwin import Recall, Worlds
from loadtest.quality.part import Part, compared, rounded, section, table
from loadtest.quality.passes import Said


def measured(folder: Path, _drawn: Path) -> Part:
    """Measure detectors, what the product learns, and the project's rules."""
    files = [located(name, folder) for name in published.FRAUDTWIN_TABLES]
    worlds = fraudtwin.load_worlds(*files)
    said = fraudtwin_product.judged(worlds)
    recalls = [*fraudtwin.measured(worlds), *_of_the_product(worlds, said)]
    tested = worlds.world >= contests.FIRST_TESTED_WORLD
    later = [fraudtwin.recall(each.detector, worlds, each.score, tested) for each in recalls]
    source = f"fraudtwin {content_hash(files[0])}, seed {fraudtwin.SEED}"
    title = f"{source}: recall with {fraudtwin.ALERTED:.0%} of payments alerted, by scenario"
    out = table(title, "detector", "recall", *recalls[0].by_scenario, "hard negatives not alerted")
    for name, part in (("all eight worlds", recalls), ("the last four, 1 % of their own", later)):
        section(out, name)
        for found in part:
            shares = (found.recall, *found.by_scenario.values(), 1 - found.hard_negatives)
            out.add_row(found.detector, *rounded(*shares))
    hours = np.median((worlds.known_us - worlds.time_us)[worlds.fraud]) / 3.6e9
    out.caption = (
        f"{out.caption}; frauds are told {hours:.0f} h later in the median, learned in the hour after"
    )
    contest = contests.of_fraudtwin(worlds, said)
    both, figures = compared(contest, "fraudtwin", source)
    own = {"fraudtwin_recall_at_1pct": round(recalls[0].recall, 3)}
    own["fraudtwin_labelled_recall_at_1pct"] = round(recalls[-1].recall, 3)
    own["fraudtwin_labelled_last_worlds_recall_at_1pct"] = round(later[-1].recall, 3)
    return Part([out, both], own | figures, contests=[contest])


def _of_the_product(worlds: Worlds, said: Said) -> Iterator[Recall]:
    for model, name in (("unusual", "unusual"), ("learned", "learned, labels when they are there")):
        yield fraudtwin.recall(f"fraudstream: {name}", worlds, said.ranks[model])
