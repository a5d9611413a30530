"""Checkpoints that a forked child writes."""

from __future__ import annotations

import atexit
import os
import select
import signal
import socket
from pathlib import Path

import numpy as np
import pytest

from fraudstream.stores.checkpoints import CheckpointError, CheckpointStore, start_saving
from tests.checkpoint_files import KEY, OWNER, meta, same, state


def test_a_child_saves_what_was_when_it_was_forked(tmp_path: Path) -> None:
    """The parent goes on writing into the same arrays, and the child copies none of them before."""
    store = CheckpointStore(str(tmp_path), OWNER, KEY)
    live = np.zeros(3_000_000)
    reader, writer = os.pipe()

    def snapshot() -> dict[str, object]:
        # Blocks until the parent has written; the pipe itself is not the child's any more, so by its path.
        with Path(f"/proc/{os.getppid()}/fd/{reader}").open("rb") as wait:
            wait.read(1)
        return {"live": live}

    saving = start_saving(store, snapshot, meta(5))
    live[:] = 1
    os.write(writer, b"x")
    saved = saving.result()
    os.close(writer)
    os.close(reader)
    loaded = store.load()
    assert loaded is not None
    assert same(loaded.snapshot, {"live": np.zeros(3_000_000)})
    assert (saved.sequence, loaded.meta.positions) == (1, {0: 5})
    assert saving.pause_ms > 0


def test_the_end_of_a_save_can_be_watched(tmp_path: Path) -> None:
    """An event loop watches a file descriptor instead of asking again and again."""
    saving = start_saving(CheckpointStore(str(tmp_path), OWNER), state(1), meta())
    assert select.select([saving], [], [], 30)[0] == [saving]
    assert saving.result().sequence == 1
    assert saving.poll()
    assert saving.result().sequence == 1


def test_the_next_save_is_incremental_though_another_child_writes_it(tmp_path: Path) -> None:
    """What is known of chunks lies in the store, and not in a process."""
    store = CheckpointStore(str(tmp_path), OWNER)
    start_saving(store, state(1, 2), meta(1)).result()
    saved = start_saving(store, state(1, 3), meta(2)).result()
    assert (saved.chunks_new, saved.chunks_reused) == (1, 3)


def test_what_goes_wrong_in_the_child_comes_whole_to_the_parent(tmp_path: Path) -> None:
    """What, where and remedy."""
    (tmp_path / "file").touch()
    saving = start_saving(CheckpointStore(str(tmp_path / "file"), OWNER), state(1), meta())
    with pytest.raises(CheckpointError, match=r"file/fraud-workers.*: Not a directory: look whether"):
        saving.result()


def test_a_fault_of_the_snapshot_itself_comes_to_the_parent(tmp_path: Path) -> None:
    """The child never dies in silence."""

    def snapshot() -> dict[str, object]:
        raise ValueError("no state")

    saving = start_saving(CheckpointStore(str(tmp_path), OWNER), snapshot, meta())
    with pytest.raises(CheckpointError, match=f"{tmp_path}: ValueError: no state: "):
        saving.result()


def test_a_child_that_is_killed_is_told_and_costs_nothing_else(tmp_path: Path) -> None:
    """The previous checkpoint is still the newest."""
    store = CheckpointStore(str(tmp_path), OWNER)
    store.save(state(1), meta(1))

    def snapshot() -> dict[str, object]:
        signal.pause()
        return {}

    saving = start_saving(store, snapshot, meta(2))
    assert not saving.poll()
    saving.kill()
    with pytest.raises(CheckpointError, match=rf"\(pid {saving.pid}\) was killed: look whether the system"):
        saving.result()
    loaded = store.load()
    assert loaded is not None
    assert loaded.meta.positions == {0: 1}


def test_a_child_ends_without_what_its_parent_does_at_its_end(tmp_path: Path) -> None:
    """No atexit handler, no signal handler, no socket of the parent."""
    ran = tmp_path / "ran"
    port = socket.create_server(("127.0.0.1", 0))
    handler = signal.signal(signal.SIGTERM, lambda *_: ran.touch())
    atexit.register(ran.touch)

    def snapshot() -> dict[str, object]:
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(port.fileno())
        return {}

    try:
        start_saving(CheckpointStore(str(tmp_path / "store"), OWNER), snapshot, meta()).result()
    finally:
        atexit.unregister(ran.touch)
        signal.signal(signal.SIGTERM, handler)
        port.close()
    assert not ran.exists()


def test_a_store_in_memory_is_refused() -> None:
    """What a child writes there nobody would ever see."""
    with pytest.raises(CheckpointError, match=r"memory://x: a child cannot write .*: use a directory"):
        start_saving(CheckpointStore("memory://x", OWNER), state(1), meta())
