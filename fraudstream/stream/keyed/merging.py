"""The work of the merge: every part is judged once all shares have told of it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fraudstream.engine.keyed.merge import Merge
from fraudstream.engine.keyed.part import Packed, read
from fraudstream.stream.emission import ALERT_TOO_LARGE, emission
from fraudstream.stream.keyed.desk import Folded
from fraudstream.stream.keyed.follower import Follower
from fraudstream.stream.keyed.origins import Origins
from fraudstream.stream.keyed.state import StageState

if TYPE_CHECKING:
    from fraudstream.stream.emission import Emission, Outlet
    from fraudstream.stream.observer import StreamObserver


class Merging:
    """Folds the partition of the parts that holds every event; what the shares found is read beside it."""

    def __init__(
        self,
        state: StageState[Merge],
        bootstrap: str,
        found: str,
        outlet: Outlet,
        observer: StreamObserver,
    ) -> None:
        self._state = state
        self._bootstrap = bootstrap
        self._topic = found
        self._outlet = outlet
        self._observer = observer
        self._follower: Follower | None = None

    async def begin(self) -> None:
        """Follow what the shares find from where the state has read it; KafkaError where that fails."""
        await self.close()
        self._follower = Follower(self._bootstrap, self._topic, self._state.found)
        await self._follower.start()

    async def close(self) -> None:
        """Follow no longer."""
        follower, self._follower = self._follower, None
        if follower is not None:
            await follower.close()

    async def fold(self, record: Any) -> Folded:
        """Judge the events of a part, once all shares have told of it."""
        state, packed = self._state, read(record.value)
        state.check(packed.stretch)
        found, reached = await self._found(packed)
        await state.turn_to(packed.stretch)
        started = time.perf_counter()
        state.is_whole = False
        result = state.stage.step(packed, found)
        seconds = time.perf_counter() - started
        state.found.update(reached)
        state.folded(record.offset + 1, packed.stretch)
        origins = Origins(record.headers)
        emitted = emission(origins, result, state.stage.ruleset.version, self._outlet)
        return Folded(emitted.messages, lambda: self._report(emitted, origins, seconds))

    async def _found(self, packed: Packed) -> tuple[list[Packed], dict[int, int]]:
        """Return what each share found, and up to which offset it is read then."""
        assert self._follower is not None
        found: list[Packed] = []
        reached: dict[int, int] = {}
        for partition in sorted(self._state.found):
            while True:
                record = await self._follower.next(partition)
                told = read(record.value)
                # Where the state is younger than the topic, what comes first is of events it never saw.
                if told.stretch.first >= packed.stretch.first:
                    break
            found.append(told)
            reached[partition] = record.offset + 1
        return found, reached

    def _report(self, emitted: Emission, origins: Origins, seconds: float) -> None:
        for _ in range(emitted.alerts_too_large):
            self._observer.on_error(ALERT_TOO_LARGE)
        # The messages themselves were counted where they came in.
        self._observer.on_batch(
            replace(emitted.result, events_in=0),
            events=0,
            step_seconds=seconds,
            append_ms=origins.append_ms(),
            done_ms=time.time() * 1000,
        )
