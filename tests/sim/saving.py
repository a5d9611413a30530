"""The simulated fork of a checkpoint: a process of its own, which may die of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from fraudstream.stores.checkpoints import CheckpointError, CheckpointStore, Meta, Saved, Saving
from tests.sim.loop import BlockingCall, SimLoop
from tests.sim.processes import PROCESS, Process

STEPS_MAX = 12


class SimSaving:
    """A save under way in another process."""

    pause_ms = 0.0

    def __init__(self, call: BlockingCall, child: Process) -> None:
        self._call = call
        self._child = child

    def poll(self) -> bool:
        """Tell whether the child has ended."""
        return self._call.is_done or self._child.is_dead

    def result(self) -> Saved:
        """Return what was saved, once the child has ended."""
        if not self.poll():
            self._call.finish()
        if self._child.is_dead or self._call.error is not None:
            raise CheckpointError(f"the child is gone ({self._call.error!r})", "sim", "none")
        saved: Saved = self._call.result
        return saved


def start_saving(
    loop: SimLoop, death: float, store: CheckpointStore, snapshot: Callable[[], Any], meta: Meta
) -> Saving:
    """Save in a child, with the state as it is now; with a probability of `death` it is killed on its way."""
    child = Process("child")
    if loop.later(1.0) < death:
        child.crash_at = 1 + int(loop.later(STEPS_MAX))
    state = snapshot()
    context = copy_context()
    context.run(PROCESS.set, child)
    call = BlockingCall(loop, lambda: context.run(store.save, state, meta))
    loop.call_soon(call.step, context=context.copy())
    return SimSaving(call, child)  # type: ignore[return-value]
