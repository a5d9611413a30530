"""A worker that cannot start says why in one line; one that is told to stop does, sooner or later."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterator

import pytest

from fraudstream.stream import worker
from fraudstream.stream.app import BatchApp
from fraudstream.stream.worker import EXIT_FAILED, Worker, run_worker
from tests.unit.stream.fakes import FakeEngine, FakeObserver, topology

NOWHERE = "127.0.0.1:1"


class ProcessEnded(BaseException):
    """Stands in for the end of the process."""


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The exit codes with which the process would have ended at once."""
    codes: list[int] = []

    def end(code: int) -> None:
        codes.append(code)
        raise ProcessEnded

    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(logging, "shutdown", lambda: None)
    return codes


@pytest.fixture
def stopping(
    loop: asyncio.AbstractEventLoop, app: BatchApp, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Worker]:
    """A worker that is told for the first time to stop, and never gets done with it."""
    monkeypatch.setattr(Worker, "stop", lambda self: asyncio.sleep(3_600))
    stopping = Worker(app, loop=loop)
    stopping._on_sigterm()
    yield stopping
    deadline_of(stopping).cancel()
    loop.run_until_complete(cancelled(stopping._signal_stop_future))


async def cancelled(task: asyncio.Future[None]) -> None:
    """Cancel a task and wait for its end."""
    task.cancel()
    await asyncio.wait([task])


def deadline_of(worker: Worker) -> threading.Timer:
    """Return the timer that bounds the worker's stop."""
    assert worker._deadline is not None
    return worker._deadline


def test_an_unreachable_broker_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """The worker ends with a failure, and the line says what, where and the remedy; it is counted."""
    observer = FakeObserver()
    assert run_worker(topology(NOWHERE), FakeEngine().as_engine(), observer) == EXIT_FAILED
    assert observer.errors == ["broker"]
    (line,) = caplog.messages
    assert line == (
        "127.0.0.1:1: no Kafka broker there (Connection refused): start one with `make kafka-up`, "
        "or name yours in the topology's kafka.bootstrap or with --kafka"
    )


def test_a_repeated_signal_at_once_is_the_same_one(stopping: Worker, ended: list[int]) -> None:
    """Ctrl-C reaches the worker from the terminal and from its parent; that is no hurry."""
    stopping._on_sigint()
    assert ended == []


def test_a_second_signal_ends_the_process(
    stopping: Worker, ended: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told again later, the worker does not wait for anything."""
    monkeypatch.setattr(worker, "SAME_SIGNAL_SECONDS", -1.0)
    with pytest.raises(ProcessEnded):
        stopping._on_sigint()
    assert ended == [EXIT_FAILED]


def test_stopping_has_a_deadline(stopping: Worker, ended: list[int]) -> None:
    """A stop that hangs, as when the broker is gone, ends the process."""
    deadline = deadline_of(stopping)
    assert deadline.interval == worker.STOP_SECONDS_MAX
    stopping._crash(RuntimeError("no such luck"))
    assert stopping._deadline is deadline
    with pytest.raises(ProcessEnded):
        deadline.function(*deadline.args)
    assert ended == [EXIT_FAILED]
