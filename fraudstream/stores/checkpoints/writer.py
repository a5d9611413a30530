"""Saves a checkpoint in a forked child, while this process goes on.

A fork shares all memory copy on write, so the child sees the state as it was and nothing is copied first.
"""

from __future__ import annotations

import gc
import os
import signal
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict

import orjson

from fraudstream.stores.checkpoints.errors import CheckpointError
from fraudstream.stores.checkpoints.records import Meta, Saved, Snapshot
from fraudstream.stores.checkpoints.store import CheckpointStore

_NICENESS = 10
"""The child has time, the parent's events have not."""
_ANSWER_BYTES_MAX = 1 << 15
"""A pipe holds that much unread, so that the child never waits for the parent."""


class Saving:
    """A save under way in a child process; `fileno` is readable once it is over."""

    def __init__(self, pid: int, answer: int, pause_ms: float, url: str) -> None:
        self.pid = pid
        self.pause_ms = pause_ms
        """How long the fork stopped this process."""
        self._answer = answer
        self._url = url
        self._said: bytes | None = None

    def fileno(self) -> int:
        """Return the file descriptor to watch; it is closed as soon as `poll` is true."""
        return self._answer

    def poll(self) -> bool:
        """Tell whether the child has ended, without waiting."""
        return self._said is not None or self._reap(os.WNOHANG)

    def result(self) -> Saved:
        """Return what was saved, waiting for the child; CheckpointError where it failed."""
        while not self.poll():
            self._reap(0)
        said = orjson.loads(self._said or b"{}")
        if "saved" in said:
            return Saved(**said["saved"])
        if "error" in said:
            raise CheckpointError(*said["error"])
        remedy = "look whether the system was short of memory; the previous checkpoint is still there"
        raise CheckpointError(f"the process that saved (pid {self.pid}) was killed", self._url, remedy)

    def kill(self) -> None:
        """End the child now; the previous checkpoint stays."""
        if not self.poll():
            os.kill(self.pid, signal.SIGKILL)
            self._reap(0)

    def _reap(self, options: int) -> bool:
        try:
            ended, _ = os.waitpid(self.pid, options)
        except ChildProcessError:
            # Somebody else in this process has waited for all children.
            ended = self.pid
        if not ended:
            return False
        with os.fdopen(self._answer, "rb") as answer:
            self._said = answer.read(_ANSWER_BYTES_MAX)
        return True


def start_saving(store: CheckpointStore, snapshot: Snapshot | Callable[[], Snapshot], meta: Meta) -> Saving:
    """Fork a child that saves; call it between two batches, and not before the last save is over.

    Give views of the state, or a function such as `engine.snapshot`, which is called in the child: then this
    process copies nothing. It pauses only while the kernel copies its page tables. CheckpointError where no
    process can be had, or where the store lives in the memory of this process.
    """
    if store.url.startswith("memory:"):
        raise CheckpointError("a child cannot write to this process's memory", store.url, "use a directory")
    answer, said = os.pipe()
    started = time.perf_counter()
    pid = _forked(store, answer, said)
    if not pid:
        _save_and_exit(store, snapshot, meta, said)
    pause_ms = (time.perf_counter() - started) * 1e3
    os.close(said)
    return Saving(pid, answer, pause_ms, store.url)


def _forked(store: CheckpointStore, *pipe: int) -> int:
    """Fork with all signals held back, so that the child never runs a handler of its parent."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    pid = -1
    try:
        with warnings.catch_warnings():
            # Python 3.12 warns of threads: the child uses none of the parent's, nor waits for their locks.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
    except OSError as error:
        for end in pipe:
            os.close(end)
        remedy = "raise the limits for processes and memory, or save less often"
        raise CheckpointError(f"no process to save in: {error.strerror}", store.url, remedy) from error
    finally:
        if pid == 0:
            _forget_parent(pipe[1])
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
    return pid


def _forget_parent(said: int) -> None:
    """Let no signal, collection or handler of the parent run in this child, nor hold its sockets open."""
    gc.disable()
    # Else the ports of a parent that is killed would stay taken as long as the child saves.
    os.closerange(3, said)
    os.closerange(said + 1, os.sysconf("SC_OPEN_MAX"))
    signal.set_wakeup_fd(-1)
    # Ctrl-C is meant for the parent, which decides whether to wait.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(each, signal.SIG_DFL)


def _save_and_exit(
    store: CheckpointStore, snapshot: Snapshot | Callable[[], Snapshot], meta: Meta, said: int
) -> None:
    """Save, tell the parent, and end without anything that the parent has registered for its own end."""
    try:
        os.nice(_NICENESS)
        saved = store.save(snapshot() if callable(snapshot) else snapshot, meta)
        os.write(said, orjson.dumps({"saved": asdict(saved)}))
    except BaseException as error:
        os.write(said, _error_answer(error, store.url))
    finally:
        os._exit(0)


def _error_answer(error: BaseException, url: str) -> bytes:
    if not isinstance(error, CheckpointError):
        what = f"{type(error).__name__}: {error}"
        error = CheckpointError(
            what, url, "look at what the error says; the previous checkpoint is still there"
        )
    each = _ANSWER_BYTES_MAX // 16  # a character has up to 6 bytes in JSON
    return orjson.dumps({"error": [text[:each] for text in (error.what, error.where, error.remedy)]})
