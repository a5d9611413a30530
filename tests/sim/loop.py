"""A deterministic event loop: time is virtual, and the next callback is drawn from those that are ready."""

from __future__ import annotations

import asyncio
import heapq
import threading
from collections.abc import Callable
from random import Random
from typing import Any

from tests.sim.processes import PROCESS, Process

STEPS_MAX = 400_000
"""More than any world needs: whoever gets there runs in circles."""
BLOCKING_SECONDS_MAX = 0.02
BURIALS_MAX = 5
"""Some tasks begin others when they are cancelled."""


class SimLoop(asyncio.BaseEventLoop):
    """Runs callbacks in an order that only `rng` decides; threads run one at a time, and never beside it.

    With probability `disorder` any callback that is ready comes next, else the oldest.
    """

    def __init__(self, rng: Random, disorder: float) -> None:
        super().__init__()
        self.steps = 0
        self.calls: list[BlockingCall] = []
        self.tasks: list[asyncio.Task[Any]] = []
        self.is_over = False
        """Whether the dead run too, so as to be cancelled."""
        self.trace = 0
        """A digest of what was run, by which two runs are compared."""
        self._rng = rng
        self._disorder = disorder
        self._now = 0.0
        self._halted: dict[Process, None] = {}
        self._ready: list[asyncio.Handle] = []
        self._scheduled: list[asyncio.TimerHandle]
        self.set_task_factory(self._new_task)
        self.set_exception_handler(lambda loop, context: None)

    def time(self) -> float:
        """Return the virtual seconds since the start."""
        return self._now

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> Any:
        """Run a function in a thread that stops at each `pause`."""
        call = BlockingCall(self, lambda: func(*args))
        self.call_soon(call.step)
        return call.future

    def later(self, seconds_max: float) -> float:
        """Draw a span of time."""
        return self._rng.random() * seconds_max

    def thaw(self, process: Process) -> None:
        """Run what a process that was halted did not."""
        self._ready += process.parked
        process.parked = []

    def bury(self) -> None:
        """Have everything end that is still there."""
        self.is_over = True
        for call in self.calls:
            call.end()
        for process in self._halted:
            self.thaw(process)
        for _ in range(BURIALS_MAX):
            for task in self.tasks:
                task.cancel()
            self.run_until_complete(asyncio.sleep(0.1))
        self.close()

    def _new_task(self, loop: asyncio.AbstractEventLoop, coro: Any, context: Any = None) -> Any:
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=loop, context=context)
        self.tasks.append(task)
        return task

    def _run_once(self) -> None:
        self._move_due()
        if not self._ready:
            self._now = max(self._now, self._scheduled[0].when())
            return
        self.steps += 1
        if self.steps > STEPS_MAX:
            raise RuntimeError("the world runs in circles")
        handle = self._drawn()
        if handle.cancelled():
            return
        process = handle._context.get(PROCESS)  # type: ignore[attr-defined]
        if process is None or self.is_over or process.may_run(handle):
            self.trace = hash((self.trace, len(self._ready), self._now, process and process.steps))
            handle._run()
        else:
            self._halted[process] = None

    def _move_due(self) -> None:
        while self._scheduled and (self._scheduled[0].cancelled() or self._scheduled[0].when() <= self._now):
            timer = heapq.heappop(self._scheduled)
            timer._scheduled = False  # type: ignore[attr-defined]
            if not timer.cancelled():
                self._ready.append(timer)

    def _drawn(self) -> asyncio.Handle:
        is_drawn = self._disorder > 0 and self._rng.random() < self._disorder
        return self._ready.pop(self._rng.randrange(len(self._ready)) if is_drawn else 0)

    def _process_events(self, event_list: Any) -> None:
        """Do nothing: there are no files."""

    def _write_to_self(self) -> None:
        """Do nothing: nobody else wakes this loop."""


class EndedError(BaseException):
    """The process of a blocking call is gone."""


_here = threading.local()


def pause() -> None:
    """Let the others run, where a blocking call is under way in this thread."""
    call = getattr(_here, "call", None)
    if call is not None:
        call.pause()


class BlockingCall:
    """A function in a thread of its own, which runs only while the loop waits for it to pause."""

    def __init__(self, loop: SimLoop, func: Callable[[], Any]) -> None:
        self.future: asyncio.Future[Any] = loop.create_future()
        self.is_done = False
        self.result: Any = None
        self.error: BaseException | None = None
        self._loop = loop
        self._func = func
        self._go, self._paused = threading.Semaphore(0), threading.Semaphore(0)
        self._is_ended = False
        self._thread: threading.Thread | None = None

    def step(self) -> None:
        """Go on to the next pause; as with real threads, what is begun is not cancelled with its future."""
        if self._thread is None:
            if self.future.cancelled():
                return
            self._begin()
        elif not self.is_done:
            self._advance()
        if not self.is_done:
            self._loop.call_later(self._loop.later(BLOCKING_SECONDS_MAX), self.step)
        elif not self.future.done():
            self._settle()

    def finish(self) -> None:
        """Go on to the end, while nobody else runs."""
        if self._thread is None:
            self._begin()
        while not self.is_done:
            self._advance()

    def end(self) -> None:
        """Have the thread end without another step."""
        self._is_ended = True
        if self._thread is not None:
            self.finish()

    def pause(self) -> None:
        """Wait for the next step; called in the thread."""
        self._paused.release()
        self._go.acquire()
        if self._is_ended:
            raise EndedError

    def _begin(self) -> None:
        self._loop.calls.append(self)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        # It waits before its first step, so that what awaits it may be cancelled in between.
        self._paused.acquire()

    def _advance(self) -> None:
        self._go.release()
        self._paused.acquire()
        if self.is_done and self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        _here.call = self
        try:
            self.pause()
            self.result = self._func()
        except BaseException as error:
            self.error = error
        self.is_done = True
        self._paused.release()

    def _settle(self) -> None:
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)
