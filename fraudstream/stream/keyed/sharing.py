"""The work of a share: parts in, what its windows say out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fraudstream.engine.keyed.part import Failure, Packed
from fraudstream.engine.keyed.share import Share
from fraudstream.stream.keyed.folding import Folded, passage_of
from fraudstream.stream.keyed.state import StageState
from fraudstream.stream.producer import Outgoing
from fraudstream.stream.stopwatch import Stopwatch

if TYPE_CHECKING:
    from fraudstream.config import Keyed
    from fraudstream.stream.observer import StreamObserver


class Sharing:
    """Folds the parts of one partition, and answers each with a message to the same one of `found`."""

    def __init__(self, state: StageState[Share], keyed: Keyed, observer: StreamObserver) -> None:
        self._state = state
        self._parts = (keyed.parts, state.partition)
        self._found = keyed.found
        self._observer = observer
        self._stopwatch = Stopwatch()
        self.name = f"share {state.partition}"

    async def begin(self) -> None:
        """Do nothing: all that is needed is in the parts."""

    async def bring(self, packed: Packed) -> Packed:
        """Return the part itself."""
        return packed

    def step(self, packed: Packed, failures: Sequence[Failure]) -> bytes:
        """Count the events of a part; the merge is told of those that are left out."""
        self._stopwatch.start(self._state.stage)
        return self._state.stage.step(packed, failures)

    async def tell(self, record: Any, packed: Packed, value: bytes) -> Folded:
        """Return what was found, for the merge."""
        seconds, folded_at = self._stopwatch.seconds, time.perf_counter()
        step_seconds, ruleset = sum(seconds.values()), self._state.stage.ruleset.version
        answer = Outgoing(self._found, None, value, [], self._state.partition)

        def report() -> None:
            whole_seconds = step_seconds + time.perf_counter() - folded_at
            passage = passage_of(self._parts, record.offset, ruleset, step_seconds, whole_seconds)
            self._observer.on_stages(seconds, passage)

        return Folded([answer], report)
