"""The work of a share: parts in, what its windows say out."""

from __future__ import annotations

from typing import Any

from fraudstream.engine.keyed.part import read
from fraudstream.engine.keyed.share import Share
from fraudstream.stream.keyed.desk import Folded
from fraudstream.stream.keyed.state import StageState
from fraudstream.stream.producer import Outgoing


class Sharing:
    """Folds the parts of one partition, and answers each with a message to the same one of `found`."""

    def __init__(self, state: StageState[Share], found: str) -> None:
        self._state = state
        self._found = found

    async def begin(self) -> None:
        """Do nothing: all that is needed is in the parts."""

    async def fold(self, record: Any) -> Folded:
        """Count the events of a part."""
        state, packed = self._state, read(record.value)
        state.check(packed.stretch)
        await state.turn_to(packed.stretch)
        state.is_whole = False
        value = state.stage.step(packed)
        state.folded(record.offset + 1, packed.stretch)
        return Folded([Outgoing(self._found, None, value, [], state.partition)])
