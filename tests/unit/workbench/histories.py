"""Histories and back-tests of a test's own making."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fraudstream.engine.step import Settings
from fraudstream.workbench.answers import Answers
from fraudstream.workbench.backtest import Backtest
from tests.unit.rule_files import event, ruleset_of


@dataclass(frozen=True)
class Given:
    """Messages that are a history as they are."""

    messages: Sequence[bytes]
    batch_events: int = 1_000

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.messages)

    def batches(self) -> Iterator[list[bytes]]:
        """Yield them."""
        for start in range(0, len(self.messages), self.batch_events):
            yield list(self.messages[start : start + self.batch_events])


def backtest_of(
    rules: Sequence[bytes],
    messages: Sequence[bytes],
    answers: Answers | None = None,
    alerts_a_day: int | None = None,
) -> Backtest:
    """Return the back-test of some rules over some messages."""
    backtest = Backtest(ruleset_of(*rules), Settings(), answers, alerts_a_day)
    backtest.fold([Given(messages)])
    return backtest


def drawn(number: int, seed: int = 3) -> list[bytes]:
    """Return transfers of a few customers over four days, in two currencies; the labels are drawn too."""
    rng = np.random.default_rng(seed)
    times = np.sort(rng.integers(0, 4 * 86_400, number))
    start = np.datetime64("2026-03-02T00:00:00")
    return [
        event(
            f"e{index}",
            at=f"{start + np.timedelta64(int(time), 's')}Z",
            amount=int(rng.integers(1, 60)),
            currency="EUR" if rng.random() < 0.5 else "USD",
            debtor={"id": f"c{rng.integers(0, 5)}"},
            fraud=int(rng.random() < 0.2),
        )
        for index, time in enumerate(times)
    ]
