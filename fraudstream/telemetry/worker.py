"""Turns what a worker reports into metrics, and serves them over HTTP."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from prometheus_client import make_wsgi_app

from fraudstream import __version__
from fraudstream.engine.result import StepResult
from fraudstream.engine.stats import EngineStats
from fraudstream.telemetry.batches import BatchRecorder
from fraudstream.telemetry.health import Health
from fraudstream.telemetry.health_pages import with_health
from fraudstream.telemetry.http_server import OPEN, Access, serve
from fraudstream.telemetry.memory import MemoryRecorder
from fraudstream.telemetry.metrics import Metrics
from fraudstream.telemetry.rulesets import RulesetRecorder
from fraudstream.telemetry.standing import Lag, Pulse

if TYPE_CHECKING:
    from fraudstream.rules.ruleset import Ruleset
    from fraudstream.telemetry.passage import Passage
    from fraudstream.telemetry.traces import Traces


class WorkerTelemetry:
    """The observer of one worker: once per batch, every figure of the batch."""

    def __init__(
        self,
        metrics: Metrics,
        ruleset: Ruleset,
        bundle: int | None = None,
        health: Health | None = None,
        traces: Traces | None = None,
    ) -> None:
        self._metrics = metrics
        self._traces = traces
        self._health = health or Health()
        metrics.process.ready.set_function(lambda: not self._health.reasons())
        self._batches = BatchRecorder(metrics)
        self._memory = MemoryRecorder(metrics)
        self._rulesets = RulesetRecorder(metrics)
        self._rulesets.show(ruleset, bundle)
        self._pending: dict[int, int] = {}
        self._written_at: dict[int, float] = {}
        self._state_bytes: dict[int, int] = {}
        metrics.process.build.show({(__version__, platform.python_version()): 1})

    def serve(self, host: str, port: int, access: Access = OPEN) -> int:
        """Answer `/metrics`, `/health/live` and `/health/ready` in threads; return the port.

        The system chooses one where 0 is asked for. OSError where the address is taken.
        """
        pages = with_health(make_wsgi_app(self._metrics.registry), self._health)
        refusals = self._metrics.process.http_refusals
        return serve(pages, host, port, access, lambda why: refusals.labels(why).inc())

    def close(self) -> None:
        """Send the last spans, if there are traces; takes 2 s at most."""
        if self._traces is not None:
            self._traces.close()

    def on_batch(
        self,
        result: StepResult,
        *,
        events: int,
        step_seconds: float,
        append_ms: NDArray[Any],
        done_ms: float,
    ) -> None:
        """Record one batch whose alerts and dead letters the broker has acknowledged."""
        self._metrics.traffic.events.inc(events)
        self._batches.record(result)
        self._batches.record_times(events, step_seconds, done_ms - append_ms)

    def on_stages(self, seconds: Mapping[str, float], passage: Passage | None = None) -> None:
        """Record how long the stages of a batch took, and its passage."""
        for stage, each in seconds.items():
            self._metrics.latency.stage_seconds.observe_one(each, stage)
        if self._traces is not None and passage is not None:
            self._traces.batch(passage, seconds)

    def on_input(self, size_bytes: int) -> None:
        """Record how large the payload of a batch of the input was."""
        self._metrics.traffic.input_bytes.inc(size_bytes)

    def on_ruleset(self, ruleset: Ruleset, bundle: int | None, seconds: float) -> None:
        """Record the ruleset that is in force from now on."""
        self._rulesets.loaded(ruleset, bundle)
        self._health.ruleset(refused=None)
        if self._traces is not None:
            self._traces.ruleset(ruleset.version, seconds)

    def on_stage_rulesets(self, versions: Mapping[str, str]) -> None:
        """Record by which rulesets the worker's own stages fold."""
        self._metrics.rules.stage_ruleset.show(dict.fromkeys(versions.items(), 1))

    def on_ruleset_refused(self, reason: str, seconds: float) -> None:
        """Record a changed ruleset that is refused."""
        self._rulesets.refused(reason)
        self._health.ruleset(refused=reason)
        if self._traces is not None:
            self._traces.ruleset_refused(reason, seconds)

    def on_memory(self, stats: EngineStats) -> None:
        """Record what the engine holds."""
        self._memory.record(stats)
        self._metrics.rules.hidden.set(self._metrics.rules.outcomes.hidden)

    def on_lag(self, lags: Mapping[int, Lag]) -> None:
        """Record how far behind each partition is."""
        latency = self._metrics.latency
        latency.lag_events.show({(str(each),): lag.events for each, lag in lags.items()})
        latency.lag_seconds.show({(str(each),): lag.seconds for each, lag in lags.items()})
        latency.oldest_seconds.set(max((lag.seconds for lag in lags.values()), default=0.0))

    def on_pulse(self, pulse: Pulse) -> None:
        """Record where the worker stands."""
        self._health.beat(pulse.recovering)
        self._metrics.latency.batches_open.set(pulse.batches_open)
        self._metrics.latency.bytes_open.set(pulse.bytes_open)
        self._metrics.checkpoints.recovering.set(pulse.recovering)

    def on_backpressure(self, seconds: float) -> None:
        """Record a time in which nothing was read."""
        self._metrics.latency.backpressure.inc(seconds)

    def on_revoked(self) -> None:
        """Record that the partitions are given out anew."""
        self._health.revoked()
        self._metrics.kafka.partitions.set(0)

    def on_assigned(self, partitions: int, seconds: float) -> None:
        """Record what the group has given to the worker, and how long that took."""
        self._health.assigned(partitions)
        kafka = self._metrics.kafka
        kafka.partitions.set(partitions)
        kafka.rebalances.inc()
        kafka.rebalance_seconds.observe_one(seconds)

    def on_client_error(self, client: str) -> None:
        """Record what a Kafka client has logged as a warning or an error."""
        self._metrics.kafka.client_errors.inc(1, client)

    def on_replayed(self, shard: int, messages: int, pending: int) -> None:
        """Record how many messages a recovery has read again, and has still to read."""
        checkpoints = self._metrics.checkpoints
        checkpoints.recovered.inc(messages)
        self._pending[shard] = pending
        checkpoints.pending.show({(str(each),): left for each, left in self._pending.items()})

    def on_recovered(self, seconds: float, messages: int) -> None:
        """Record a recovery."""
        self._metrics.checkpoints.recovery_seconds.set(seconds)
        if self._traces is not None:
            self._traces.recovered(seconds, messages)

    def on_checkpoint_begun(self, pause_seconds: float) -> None:
        """Record how long the events waited."""
        self._metrics.checkpoints.pause.set(pause_seconds)

    def on_checkpoint(self, shard: int, *, seconds: float, added_bytes: int, state_bytes: int) -> None:
        """Record a checkpoint that is written."""
        checkpoints = self._metrics.checkpoints
        checkpoints.written.inc()
        checkpoints.seconds.set(seconds)
        checkpoints.added_bytes.set(added_bytes)
        self._written_at[shard], self._state_bytes[shard] = time.time(), state_bytes
        checkpoints.written_at.show({(str(each),): at for each, at in self._written_at.items()})
        checkpoints.state_bytes.show({(str(each),): size for each, size in self._state_bytes.items()})
        if self._traces is not None:
            self._traces.checkpoint(shard, seconds, added_bytes, state_bytes)

    def on_stopping(self) -> None:
        """Record that the worker ends."""
        self._health.stopping()

    def on_error(self, stage: str) -> None:
        """Record a failure of the worker."""
        self._metrics.process.errors.inc(1, stage)
