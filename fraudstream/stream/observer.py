"""What the worker reports while it runs, for whoever keeps the metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fraudstream.engine.result import StepResult
    from fraudstream.engine.stats import EngineStats
    from fraudstream.rules.ruleset import Ruleset
    from fraudstream.telemetry.passage import Passage
    from fraudstream.telemetry.standing import Lag, Pulse


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

    def on_stages(self, seconds: Mapping[str, float], passage: Passage | None = None) -> None:
        """Take note of how long stages of a batch took, or a commit; docs/metrics.md names the stages.

        `passage` says which batch that was; None of a commit.
        """

    def on_input(self, size_bytes: int) -> None:
        """Take note of the payload of a batch of the input, when it is done with."""

    def on_lag(self, lags: Mapping[int, Lag]) -> None:
        """Take note of how far behind each input partition is that is this worker's and was read from."""

    def on_pulse(self, pulse: Pulse) -> None:
        """Take note of what is under way; every second as long as the worker goes on."""

    def on_backpressure(self, seconds: float) -> None:
        """Take note of a time in which nothing was read, since too much was under way."""

    def on_revoked(self) -> None:
        """Take note that the group gives out its partitions anew: for now this worker has none."""

    def on_assigned(self, partitions: int, seconds: float) -> None:
        """Take note of how many partitions are this worker's now, and how long it had none for that."""

    def on_client_error(self, client: str) -> None:
        """Take note of a warning or an error that a part of the Kafka client has logged."""

    def on_ruleset(self, ruleset: Ruleset, bundle: int | None, seconds: float) -> None:
        """Take note of the ruleset that is in force from now on.

        `bundle` is the sequence of the bundle that it came in, None where it came in none. `seconds` have
        passed since it was found.
        """

    def on_stage_rulesets(self, versions: Mapping[str, str]) -> None:
        """Take note of the stages that are this worker's, with the rulesets by which they fold."""

    def on_ruleset_refused(self, reason: str, seconds: float) -> None:
        """Take note of a changed ruleset that is refused, so long after it was looked at; the old one stays.

        Reasons are those of `stores/bundles/errors.py`, and `failed` where the rules are not to blame.
        """

    def on_memory(self, stats: EngineStats) -> None:
        """Take note of what the engine holds in memory."""

    def on_replayed(self, shard: int, messages: int, pending: int) -> None:
        """Take note of how many messages a recovery has read again, and how many it has still to read."""

    def on_recovered(self, seconds: float, messages: int) -> None:
        """Take note of a recovery: how long it took, and how many messages were read again for it."""

    def on_checkpoint_begun(self, pause_seconds: float) -> None:
        """Take note of how long the events waited while a checkpoint was begun."""

    def on_checkpoint(self, shard: int, *, seconds: float, added_bytes: int, state_bytes: int) -> None:
        """Take note of a checkpoint that is written.

        How long that took, how many bytes were new, and how large the state is before compression.
        """

    def on_stopping(self) -> None:
        """Take note that the worker ends, in order or not."""

    def on_error(self, stage: str) -> None:
        """Take note of a failure.

        `step`, `emit`, `fenced` (another worker has the shard), `alert_too_large` (once for each such alert),
        `checkpoint` (one that could not be written or read, or a ruleset that is not kept), `retention`
        (messages that a recovery needed are gone), `broker` (out of reach), `denied` (a permission is
        missing), `topics` (missing, changed, or not as the topology says), `journal`, `recovery`, `audit`
        (a refusal that could not be noted), and `stage` of a keyed topology.
        """
