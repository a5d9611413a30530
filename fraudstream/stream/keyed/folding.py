"""Takes a stage through its messages one by one; an event on which it fails is left out, and told of."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from fraudstream.engine.keyed.part import Failure, OutOfStepError, Packed, failure_of, read
from fraudstream.stream.shard import SHARD
from fraudstream.telemetry.passage import Passage

if TYPE_CHECKING:
    from fraudstream.stream.batch import Partition
    from fraudstream.stream.keyed.continuity import StageContinuity
    from fraudstream.stream.keyed.state import StageState
    from fraudstream.stream.observer import StreamObserver
    from fraudstream.stream.producer import Outgoing

log = logging.getLogger(__name__)


def _nothing() -> None:
    """Report nothing."""


@dataclass(frozen=True)
class Folded:
    """What came of one message: what is to be sent, and what is to be reported once it is."""

    messages: Sequence[Outgoing]
    report: Callable[[], None] = _nothing


def passage_of(parts: Partition, offset: int, ruleset: str, step_seconds: float, seconds: float) -> Passage:
    """Return the way of one message of the parts through a stage, from which nothing leaves."""
    return Passage(*parts, offset, offset, 1, ruleset, 0, 0, step_seconds, seconds)


class Work(Protocol):
    """What a stage does with a message of its partition.

    Attributes
    ----------
    name
        What the stage is called in the log and in dead letters.
    """

    name: str

    async def begin(self) -> None:
        """Get ready to fold from the state's positions on."""

    async def bring(self, packed: Packed) -> Any:
        """Return what a step needs; may wait for other stages."""

    def step(self, brought: Any, failures: Sequence[Failure]) -> Any:
        """Fold the events of a message but those; raises what the engine raises."""

    async def tell(self, record: Any, brought: Any, result: Any) -> Folded:
        """Return what came of a step that has not failed, and take note of what it needed."""


class Folding:
    """Folds message after message.

    Where the engine raises, the stage is recovered and the events of the message are folded one by one until
    the one is found. It is recovered again, and the message is folded without that event. All of it depends
    on nothing but the messages, so every replay leaves out the same events.
    """

    def __init__(
        self,
        state: StageState[Any],
        work: Work,
        continuity: StageContinuity,
        observer: StreamObserver,
        words_of: Callable[[Exception], str] = str,
    ) -> None:
        self._words_of = words_of
        self._state = state
        self._work = work
        self._continuity = continuity
        self._observer = observer
        self.begin = work.begin
        self.again: Callable[[int], Awaitable[None]]
        """Brings the stage to before an offset that it has reached; set by whoever builds both."""

    async def fold(self, record: Any) -> Folded:
        """Fold a message, and move the state's positions; may wait for other stages."""
        state = self._state
        while True:
            packed = read(record.value)
            brought = await self._bring(packed)
            state.is_whole = False
            try:
                result = self._work.step(brought, state.failures.get(record.offset, ()))
            except OutOfStepError:
                raise
            except Exception as error:
                about = {"shard": SHARD + 1 + state.partition, "offset": record.offset}
                log.exception(
                    "%s failed on offset %d of its parts", self._work.name, record.offset, extra=about
                )
                self._observer.on_error("step")
                await self._leave_out(record, error)
            else:
                state.folded(record.offset + 1, packed.stretch)
                return await self._work.tell(record, brought, result)

    async def _bring(self, packed: Packed) -> Any:
        await self._continuity.follow(packed.stretch)
        brought = await self._work.bring(packed)
        before = self._state.stage.ruleset.version
        await self._state.turn_to(packed.stretch)
        if packed.stretch.ruleset != before:
            about = {"shard": SHARD + 1 + self._state.partition, "ruleset": packed.stretch.ruleset}
            log.info("%s folds by ruleset %s", self._work.name, packed.stretch.ruleset, extra=about)
        return brought

    async def _leave_out(self, record: Any, error: Exception) -> None:
        """Find the event on which the stage fails; raises `error` where it only fails on all together."""
        # Looking for it folds what stands before it, which is not yet folded for good.
        upto = self._state.positions[self._state.partition]
        await self.again(upto)
        failure = await self._failure_in(record)
        await self.again(upto)
        if failure is None:
            raise error
        log.error(
            "event %d of offset %d of the parts is left out by %s: it becomes a dead letter",
            failure.event,
            record.offset,
            self._work.name,
            extra={"shard": SHARD + 1 + self._state.partition, "offset": record.offset},
        )
        self._state.leave_out(record.offset, failure)

    async def _failure_in(self, record: Any) -> Failure | None:
        """Return the next event on which the stage fails; None where it fails on none, or without any."""
        packed = read(record.value)
        brought = await self._bring(packed)
        known = {each.event for each in self._state.failures.get(record.offset, ())}
        self._state.is_whole = False
        every = [Failure(event) for event in range(len(packed.arrays["time_us"]))]
        if self._attempt(brought, every) is not None:
            return None
        for event in sorted(set(range(len(every))) - known):
            error = self._attempt(brought, [*every[:event], *every[event + 1 :]])
            if error is not None:
                return failure_of(event, error, self._words_of(error), self._work.name)
            # A thousand events take a second, and the group must hear of this worker meanwhile.
            await asyncio.sleep(0)
        return None

    def _attempt(self, brought: Any, failures: Sequence[Failure]) -> Exception | None:
        try:
            self._work.step(brought, failures)
        except OutOfStepError:
            raise
        except Exception as error:
            return error
        return None
