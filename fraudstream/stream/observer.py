"""What the worker reports while it runs, for whoever keeps the metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fraudstream.engine.result import StepResult
    from fraudstream.engine.stats import EngineStats


class StreamObserver(Protocol):
    """Told of every batch, of the lag and of every failure; its methods return at once and never raise."""

    def on_batch(
        self,
        result: StepResult,
        *,
        events: int,
        step_seconds: float,
        append_ms: NDArray[np.int64],
        done_ms: float,
    ) -> None:
        """Take note of a batch of which the broker has acknowledged every alert and dead letter.

        `append_ms` (n) and `done_ms` are in milliseconds since 1970 UTC: when each message entered its topic
        (by its timestamp), and when the last acknowledgement came. `result` may lack an alert that could not
        be sent.
        """

    def on_lag(self, partition: int, events: int) -> None:
        """Take note of how many messages of an input partition are not yet done with."""

    def on_ruleset(self, version: str, rules: int) -> None:
        """Take note of the ruleset that is in force from now on, and of how many rules run in it."""

    def on_ruleset_refused(self, reason: str) -> None:
        """Take note of a changed ruleset that is refused; the one in force stays.

        Reasons are those of `stores/bundles/errors.py`, and `failed` where the rules are not to blame.
        """

    def on_memory(self, stats: EngineStats) -> None:
        """Take note of what the engine holds in memory."""

    def on_recovered(self, seconds: float, messages: int) -> None:
        """Take note of a recovery: how long it took, and how many messages were read again for it."""

    def on_checkpoint_begun(self, pause_seconds: float) -> None:
        """Take note of how long the events waited while a checkpoint was begun."""

    def on_checkpoint(self, seconds: float, size_bytes: int) -> None:
        """Take note of a checkpoint that is written: how long that took, and how many bytes were new."""

    def on_error(self, stage: str) -> None:
        """Take note of a failure.

        `step`, `emit`, `fenced` (another worker has the shard), `alert_too_large` (once for each such alert),
        `checkpoint` (one that could not be written or read, or a ruleset that is not kept), `retention`
        (messages that a recovery needed are gone), `broker` (out of reach), `denied` (a permission is
        missing), `topics` (missing, changed, or not as the topology says), `journal`, `recovery`, `audit`
        (a refusal that could not be noted), and `stage` of a keyed topology.
        """
