"""An engine and an observer that are simple enough to foretell what the stream room must do with them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from aiokafka.errors import KafkaError
from numpy.typing import NDArray

from fraudstream.config import Checkpoints, Keyed, Topology
from fraudstream.engine.result import Alert, Decisions, StepResult
from fraudstream.engine.stats import EngineStats
from fraudstream.engine.step import Engine
from fraudstream.events.batch import DeadLetter
from fraudstream.rules.ruleset import Ruleset
from fraudstream.stream.app import BatchApp, build_app
from fraudstream.stream.batch import Batch, Partition
from fraudstream.stream.emission import Outlet
from fraudstream.stream.producer import Outgoing
from fraudstream.stream.sender import Done
from fraudstream.stream.shard import Shard
from fraudstream.stream.shard_unit import Surroundings
from fraudstream.telemetry.passage import Passage
from fraudstream.telemetry.standing import Lag, Pulse

RULESET_VERSION = "ruleset-1"
HUGE_ALERT_BYTES = 2_000_000
GENERATION = 7


@dataclass
class FakeEngine:
    """Alerts on each payload with ALERT (hugely on HUGE), raises on CRASH, refuses what is no `{...}`.

    The alert's id is `alert of <payload>`, its key the payload. Each step takes `step_seconds`.
    """

    step_seconds: float = 0.0
    ruleset: Any = field(default_factory=lambda: SimpleNamespace(version=RULESET_VERSION))
    seen: list[bytes | None] = field(default_factory=list)
    missed: int = 0
    appended_us: list[int] = field(default_factory=list)

    def step(self, values: Sequence[bytes | None], *, appended_us: NDArray[np.int64]) -> StepResult:
        """Judge a batch by its bytes."""
        time.sleep(self.step_seconds)
        self.seen += values
        self.appended_us += appended_us.tolist()
        if any(b"CRASH" in (value or b"") for value in values):
            raise RuntimeError("no such luck")
        alerts: list[Alert] = []
        letters: list[DeadLetter] = []
        for row, value in enumerate(values):
            if value is None or not value.startswith(b"{"):
                letters.append(DeadLetter(row, "not_json", "decode", f"row {row} is no object"))
            elif b"ALERT" in value:
                alerts.append(Alert(row, f"alert of {value.decode()}", value, value))
            elif b"HUGE" in value:
                alerts.append(Alert(row, f"alert of {value.decode()}", value, b"x" * HUGE_ALERT_BYTES))
        return step_result(len(values), alerts, letters)

    def miss(self) -> None:
        """Count the gaps."""
        self.missed += 1

    def fresh(self, ruleset: object) -> FakeEngine:
        """Return itself: it remembers nothing that matters."""
        return self

    def snapshot(self) -> dict[str, Any]:
        """Remember nothing."""
        return {}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Remember nothing."""

    def stats(self) -> EngineStats:
        """Hold nothing."""
        return EngineStats((), 0, 0, 0, 0, 0)

    def as_engine(self) -> Engine:
        """Return itself, as what it stands in for."""
        return cast(Engine, self)


def step_result(events: int, alerts: Sequence[Alert] = (), letters: Sequence[DeadLetter] = ()) -> StepResult:
    """Return a result in which every message without a dead letter is judged."""
    rows = sorted(set(range(events)) - {letter.row for letter in letters})
    zeros = np.zeros(len(rows))
    return StepResult(
        events_in=events,
        alerts=list(alerts),
        dead_letters=list(letters),
        duplicates=0,
        late=0,
        decisions=Decisions(np.array(rows, np.int32), zeros.astype(np.int8), zeros.astype(np.int16)),
        rule_ids=(),
        rule_outcomes=np.zeros((0, 3), np.int64),
        suppressed=0,
        model_scores={},
    )


class DeafObserver:
    """Remembers nothing of what it is told."""

    def on_batch(self, result: StepResult, *, events: int, **_: Any) -> None:
        """Remember nothing."""

    def on_stages(self, seconds: Mapping[str, float], passage: Passage | None = None) -> None:
        """Remember nothing."""

    def on_input(self, size_bytes: int) -> None:
        """Remember nothing."""

    def on_memory(self, stats: EngineStats) -> None:
        """Remember nothing."""

    def on_lag(self, lags: Mapping[int, Lag]) -> None:
        """Remember nothing."""

    def on_pulse(self, pulse: Pulse) -> None:
        """Remember nothing."""

    def on_backpressure(self, seconds: float) -> None:
        """Remember nothing."""

    def on_revoked(self) -> None:
        """Remember nothing."""

    def on_assigned(self, partitions: int, seconds: float) -> None:
        """Remember nothing."""

    def on_client_error(self, client: str) -> None:
        """Remember nothing."""

    def on_ruleset(self, ruleset: Ruleset, bundle: int | None, seconds: float) -> None:
        """Remember nothing."""

    def on_stage_rulesets(self, versions: Mapping[str, str]) -> None:
        """Remember nothing."""

    def on_ruleset_refused(self, reason: str, seconds: float) -> None:
        """Remember nothing."""

    def on_replayed(self, shard: int, messages: int, pending: int) -> None:
        """Remember nothing."""

    def on_recovered(self, seconds: float, messages: int) -> None:
        """Remember nothing."""

    def on_checkpoint_begun(self, pause_seconds: float) -> None:
        """Remember nothing."""

    def on_checkpoint(self, shard: int, *, seconds: float, added_bytes: int, state_bytes: int) -> None:
        """Remember nothing."""

    def on_stopping(self) -> None:
        """Remember nothing."""

    def on_error(self, stage: str) -> None:
        """Remember nothing."""


@dataclass
class FakeObserver(DeafObserver):
    """Remembers what it is told."""

    events: list[int] = field(default_factory=list)
    results: list[StepResult] = field(default_factory=list)
    lags: dict[int, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    rulesets: list[tuple[str, int, int | None]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    recoveries: list[int] = field(default_factory=list)
    replayed: list[tuple[int, int, int]] = field(default_factory=list)
    stages: list[Mapping[str, float]] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    pulses: list[Pulse] = field(default_factory=list)
    assigned: list[int] = field(default_factory=list)
    checkpoints: list[int] = field(default_factory=list)

    def on_batch(self, result: StepResult, *, events: int, **_: Any) -> None:
        """Remember a batch."""
        self.events.append(events)
        self.results.append(result)

    def on_stages(self, seconds: Mapping[str, float], passage: Passage | None = None) -> None:
        """Remember times, and of which batch."""
        self.stages.append(seconds)
        if passage is not None:
            self.passages.append(passage)

    def on_lag(self, lags: Mapping[int, Lag]) -> None:
        """Remember the newest lag of each partition."""
        self.lags |= {partition: lag.events for partition, lag in lags.items()}

    def on_pulse(self, pulse: Pulse) -> None:
        """Remember what is under way."""
        self.pulses.append(pulse)

    def on_assigned(self, partitions: int, seconds: float) -> None:
        """Remember how many partitions there were."""
        self.assigned.append(partitions)

    def on_ruleset(self, ruleset: Ruleset, bundle: int | None, seconds: float) -> None:
        """Remember a ruleset, how many of its rules run, and its bundle."""
        self.rulesets.append((ruleset.version, sum(rule.runs for rule in ruleset.rules), bundle))

    def on_ruleset_refused(self, reason: str, seconds: float) -> None:
        """Remember a refusal."""
        self.refusals.append(reason)

    def on_replayed(self, shard: int, messages: int, pending: int) -> None:
        """Remember how a recovery went on."""
        self.replayed.append((shard, messages, pending))

    def on_recovered(self, seconds: float, messages: int) -> None:
        """Remember how many messages were read again."""
        self.recoveries.append(messages)

    def on_checkpoint(self, shard: int, *, seconds: float, added_bytes: int, state_bytes: int) -> None:
        """Remember whose checkpoint was written."""
        self.checkpoints.append(shard)

    def on_error(self, stage: str) -> None:
        """Remember an error."""
        self.errors.append(stage)


class FakeEvent:
    """A Faust event that remembers whether its batch was emitted when it was acknowledged."""

    def __init__(self, value: Batch) -> None:
        self.value = value
        self.message = object()
        self.acknowledged: list[bool] = []

    def ack(self) -> None:
        """Remember the acknowledgement."""
        self.acknowledged.append(self.value.emitted)


class FakeProducer:
    """Takes messages; `confirm` and `refuse` play the broker's part, oldest first."""

    def __init__(self) -> None:
        self.submitted: list[list[Outgoing]] = []
        self._pending: list[asyncio.Future[None]] = []

    async def take(self) -> None:
        """Fence nobody."""

    async def close(self) -> None:
        """End nothing."""

    def committed(self) -> dict[int, int]:
        """Know nothing."""
        return {}

    async def submit(self, messages: Sequence[Outgoing], *done: Done) -> list[Awaitable[Any]]:
        """Take messages and return one receipt for all."""
        self.submitted.append(list(messages))
        receipt = asyncio.get_running_loop().create_future()
        self._pending.append(receipt)
        return [receipt]

    def confirm(self) -> None:
        """Acknowledge the oldest submission."""
        self._pending.pop(0).set_result(None)

    def refuse(self, error: Exception | None = None) -> None:
        """Fail the oldest submission."""
        self._pending.pop(0).set_exception(error or KafkaError("refused"))


async def settled() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


def record(offset: int, value: bytes | None = b"{}", key: bytes | None = None, timestamp: int = 0) -> Any:
    """Return a message as the Kafka client gives it."""
    return SimpleNamespace(offset=offset, value=value, key=key, timestamp=timestamp)


def batch(offsets: Sequence[int], value: bytes = b"{}", partition: Partition = ("events", 0)) -> Batch:
    """Return a batch of equal payloads at some offsets."""
    return Batch(partition, [record(offset, value) for offset in offsets])


def topology(bootstrap: str = "localhost:9092", prefix: str = "fraudstream", partitions: int = 4) -> Topology:
    """Return a topology whose topics are `<prefix>.events`, `.alerts`, `.dead` and group `<prefix>`."""
    return Topology.model_validate(
        {
            "schema": "fraudstream.topology/v1",
            "name": "test",
            "kafka": {"bootstrap": bootstrap, "group": prefix},
            "input": {"topic": f"{prefix}.events", "partitions": partitions},
            "output": {
                "alerts": f"{prefix}.alerts",
                "dead_letters": f"{prefix}.dead",
                "journal": f"{prefix}.journal",
            },
            "rules": "rules",
            "privacy": {"personal": "clear"},
        }
    )


def keyed_topology(shares: int, bootstrap: str = "localhost:9092") -> Topology:
    """Return a keyed topology whose topics between stages are `fraudstream.parts` and `fraudstream.found`."""
    between = {"parts": "fraudstream.parts", "found": "fraudstream.found"}
    return topology(bootstrap).model_copy(
        update={
            "keyed": Keyed.model_validate({"partitions": shares, **between}),
            "processing_guarantee": "exactly_once",
            "checkpoints": Checkpoints.model_validate({"url": "state"}),
        }
    )


def app(bootstrap: str = "localhost:9092") -> BatchApp:
    """Return an app that is connected to nothing."""
    outlet = Outlet("fraudstream.alerts", "fraudstream.dead", "fraudstream.journal")
    shard = Shard(FakeEngine().as_engine())
    return build_app(topology(bootstrap), shard, FakeObserver(), outlet, Surroundings())
