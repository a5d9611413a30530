"""The work of the merge: every part is judged once all shares have told of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from fraudstream.engine.keyed.merge import Merge
from fraudstream.engine.keyed.part import Failure, Packed, read
from fraudstream.engine.result import StepResult
from fraudstream.stream.desk import report_too_large
from fraudstream.stream.emission import emission
from fraudstream.stream.keyed.folding import Folded, passage_of
from fraudstream.stream.keyed.follower import Follower
from fraudstream.stream.keyed.origins import Origins
from fraudstream.stream.keyed.state import StageState
from fraudstream.stream.patience import until_answered
from fraudstream.stream.stopwatch import Stopwatch

if TYPE_CHECKING:
    from fraudstream.config import Kafka, Keyed
    from fraudstream.stream.emission import Emission, Outlet
    from fraudstream.stream.observer import StreamObserver
    from fraudstream.telemetry.passage import Passage

log = logging.getLogger(__name__)


class Brought(NamedTuple):
    """Every event of a stretch, and what the shares found; up to which offsets that is read then."""

    packed: Packed
    found: list[Packed | None]
    reached: dict[int, int]


class Judged(NamedTuple):
    """What came of a stretch, and how long that took."""

    result: StepResult
    seconds: float
    stages: Mapping[str, float]


class Merging:
    """Judges the partition of the parts that holds every event; what the shares found is read beside it."""

    name = "the merge"

    def __init__(
        self,
        state: StageState[Merge],
        kafka: Kafka,
        keyed: Keyed,
        outlet: Outlet,
        observer: StreamObserver,
    ) -> None:
        self._state = state
        self._kafka = kafka
        self._parts = (keyed.parts, state.partition)
        self._topic = keyed.found
        self._outlet = outlet
        self._observer = observer
        self._follower: Follower | None = None
        self._stopwatch = Stopwatch()
        self._silent: set[int] = set()
        """The shares whose answers are missing."""

    async def begin(self) -> None:
        """Follow what the shares find from where the state has read it; KafkaError where that fails."""
        await self.close()
        self._follower = Follower(self._kafka, self._topic, self._state.found)
        await self._follower.start()

    async def close(self) -> None:
        """Follow no longer."""
        follower, self._follower = self._follower, None
        if follower is not None:
            await follower.close()

    async def bring(self, packed: Packed) -> Brought:
        """Return what all shares have told of a stretch; waits for it."""
        found: list[Packed | None] = []
        reached: dict[int, int] = {}
        for partition in sorted(self._state.found):
            told, reached[partition] = await self._answer(partition, packed)
            found.append(told)
        if None in found:
            # What looks back to these events later lacks their features as well.
            self._state.stage.miss()
        return Brought(packed, found, reached)

    async def _answer(self, partition: int, packed: Packed) -> tuple[Packed | None, int]:
        """Return what a share found, and the offset of its next message; None where its answer is gone."""
        assert self._follower is not None
        while True:
            record = await self._follower.next(partition)
            told = read(record.value)
            # Where the state is younger than the topic, what comes first is of events it never saw.
            if told.stretch.first >= packed.stretch.first:
                break
        if told.stretch.first == packed.stretch.first:
            self._silent.discard(partition)
            return told, record.offset + 1
        # A share answers in order: what it has not told before it tells no more.
        self._follower.put_back(partition, record)
        self._miss(partition, packed, told)
        return None, record.offset

    def _miss(self, partition: int, packed: Packed, told: Packed) -> None:
        if partition in self._silent:
            return
        self._silent.add(partition)
        log.error(
            "%s[%d]: what share %d has found for %d events is gone: they are judged without its features; "
            "decisions that look back to them are marked as warming; retention.ms of the topics between the "
            "stages must be longer than a worker is away",
            self._topic,
            partition,
            partition,
            told.stretch.first - packed.stretch.first,
            extra={"topic": self._topic, "partition": partition},
        )
        self._observer.on_error("retention")

    def step(self, brought: Brought, failures: Sequence[Failure]) -> Judged:
        """Judge the events of a stretch; those on which a stage failed become dead letters."""
        started = time.perf_counter()
        self._stopwatch.start(self._state.stage)
        result = self._state.stage.step(brought.packed, brought.found, failures)
        return Judged(result, time.perf_counter() - started, self._stopwatch.seconds)

    async def tell(self, record: Any, brought: Brought, judged: Judged) -> Folded:
        """Return the alerts, and the dead letters with their messages, which are fetched for that."""
        self._state.found.update(brought.reached)
        origins = Origins(record.headers)
        emitted = self._emission(origins, judged.result)
        if emitted.letter_rows:
            rows = emitted.letter_rows
            await until_answered(lambda: origins.fetch(rows, self._kafka), self._observer)
            emitted = self._emission(origins, judged.result)
        judged_at = time.perf_counter()
        ruleset = self._state.stage.ruleset.version
        passage = passage_of(self._parts, record.offset, ruleset, judged.seconds, judged.seconds)
        passage = passage._replace(alerts=len(emitted.result.alerts), dead_letters=len(emitted.letter_rows))
        return Folded(emitted.messages, lambda: self._report(emitted, origins, judged, judged_at, passage))

    def _emission(self, origins: Origins, result: StepResult) -> Emission:
        return emission(origins, result, self._state.stage.ruleset.version, self._outlet)

    def _report(
        self, emitted: Emission, origins: Origins, judged: Judged, judged_at: float, passage: Passage
    ) -> None:
        report_too_large(emitted, origins, self._observer)
        # The messages themselves were counted where they came in.
        self._observer.on_batch(
            replace(emitted.result, events_in=0),
            events=0,
            step_seconds=judged.seconds,
            append_ms=origins.append_ms(),
            done_ms=time.time() * 1000,
        )
        emit_seconds = time.perf_counter() - judged_at
        passage = passage._replace(seconds=passage.step_seconds + emit_seconds)
        self._observer.on_stages({**judged.stages, "emit": emit_seconds}, passage)
