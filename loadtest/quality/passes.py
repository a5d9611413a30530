"""One pass of the product's engine, and what it said of every message: hits of rules, scores of models."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.alerting import Judged
from fraudstream.engine.step import SLICE_EVENTS, Engine, Settings
from fraudstream.rules.binding import Bound
from fraudstream.rules.ruleset import Ruleset

Turn = tuple[Sequence[bytes], Sequence[bytes]]
"""Labels that are known by now, and the messages that come next."""
MODEL_RULES = "MOD-"
"""What the ids of the rules begin with that act on a model's score."""

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Said:
    """What was said of n messages.

    `hits` holds int16 [n] per rule, the score that it gave (0: no hit), and `ranks` and `raw` float64 [n] per
    model: the calibrated scores, which rules read, and the raw ones; NaN where the model gave none.
    """

    messages: int
    hits: dict[str, NDArray[np.int16]] = field(default_factory=dict)
    ranks: dict[str, Scores] = field(default_factory=dict)
    raw: dict[str, Scores] = field(default_factory=dict)

    def summed(self, rules: Collection[str]) -> NDArray[np.int64]:
        """Add up what some rules gave each message."""
        out = np.zeros(self.messages, np.int64)
        for rule, given in self.hits.items():
            if rule in rules:
                out += given
        return out

    def of_no_model(self) -> set[str]:
        """Return the rules that hit, but for those that act on a model's score."""
        return {rule for rule in self.hits if not rule.startswith(MODEL_RULES)}


def run(ruleset: Ruleset, settings: Settings, messages: int, turns: Iterable[Turn]) -> Said:
    """Fold turns of together n messages through an engine; the labels of a turn are learned before them."""
    said = Said(messages, hits=_filled(messages, 0, np.int16), ranks=_filled(messages), raw=_filled(messages))
    at = 0

    def witness(_: Bound, judged: Judged) -> None:
        _note(said, at + judged.batch.row.astype(np.int64), judged)

    engine = Engine(ruleset, settings, witness=witness)
    for labels, payloads in turns:
        engine.learn(labels)
        for start in range(0, len(payloads), SLICE_EVENTS):
            part = payloads[start : start + SLICE_EVENTS]
            engine.step(part)
            at += len(part)
    return said


def _filled(messages: int, value: float = np.nan, dtype: type = np.float64) -> dict[str, NDArray[Any]]:
    return defaultdict(lambda: np.full(messages, value, dtype))


def _note(said: Said, rows: NDArray[np.int64], judged: Judged) -> None:
    for model, (_, batch) in judged.scored.batches.items():
        said.ranks[model][rows[batch.ready]] = batch.calibrated[batch.ready]
        said.raw[model][rows[batch.ready]] = batch.raw[batch.ready]
    for verdict in judged.decided.verdicts:
        for hit in verdict.hits:
            said.hits[hit.bound.rule.id][rows[verdict.event]] = hit.outcome.score
