"""A process that dies, or a write that is lost, at any operation leaves a checkpoint that can be loaded."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraudstream.stores.checkpoints import CheckpointError, CheckpointStore
from tests.checkpoint_files import KEY, OWNER, Crash, FailingFileSystem, meta, same, state

URL = "failing://checkpoints"
states = st.lists(st.integers(0, 3), min_size=1, max_size=3).map(lambda seeds: state(*seeds))
histories = st.lists(states, min_size=2, max_size=4)


def _store(key: bytes | None) -> CheckpointStore:
    return CheckpointStore(URL, OWNER, key, keep=2)


def _history(store: CheckpointStore, history: Sequence[dict[str, object]]) -> None:
    FailingFileSystem.clear()
    for offset, each in enumerate(history):
        store.save(each, meta(offset))


def _offset_of_newest(key: bytes | None, history: Sequence[dict[str, object]]) -> int:
    """Load as another process would, and return the offset, once the state is that of the offset."""
    loaded = _store(key).load()
    assert loaded is not None
    offset = loaded.meta.positions[0]
    assert same(loaded.snapshot, history[offset])
    assert loaded.meta.rules == meta().rules
    return offset


@pytest.mark.parametrize("how", ["before", "torn", "after"])
@given(history=histories, key=st.sampled_from([None, KEY]))
@settings(max_examples=6, deadline=None)
def test_a_crash_at_any_operation_leaves_a_whole_checkpoint(
    how: str, history: list[dict[str, object]], key: bytes | None
) -> None:
    """It is the previous one or the new one, and the next owner of the shard goes on from there."""
    last = len(history) - 1
    for fails_at in range(1_000):
        store = _store(key)
        _history(store, history[:-1])
        FailingFileSystem.set_up(fails_at, how)
        try:
            store.save(history[-1], meta(last))
        except Crash:
            FailingFileSystem.set_up()
            assert _offset_of_newest(key, history) in {last - 1, last}
            _store(key).save(history[-1], meta(last, epoch=2))
            assert _offset_of_newest(key, history) == last
        else:
            break
    assert fails_at > 5


@given(history=histories, key=st.sampled_from([None, KEY]))
@settings(max_examples=10, deadline=None)
def test_a_write_that_is_lost_costs_one_checkpoint_at_most(
    history: list[dict[str, object]], key: bytes | None
) -> None:
    """The next save does not build on the chunk that is not there."""
    last = len(history) - 1
    for fails_at in range(1_000):
        store = _store(key)
        _history(store, history[:-1])
        FailingFileSystem.set_up(fails_at, "lost")
        store.save(history[-1], meta(last))
        operations = FailingFileSystem.operations
        FailingFileSystem.set_up()
        assert _offset_of_newest(key, history) in {last - 1, last}
        store.save(history[-1], meta(last))
        assert _offset_of_newest(key, history) == last
        if fails_at == operations:
            break


@given(history=histories)
@settings(max_examples=6, deadline=None)
def test_a_disk_that_is_full_at_any_operation_costs_nothing_but_that_save(
    history: list[dict[str, object]],
) -> None:
    """The worker lives on: its next save is whole, and nothing of the failed one stays."""
    last = len(history) - 1
    for fails_at in range(1_000):
        store = _store(None)
        _history(store, history[:-1])
        FailingFileSystem.set_up(fails_at, "full")
        try:
            failed = store.save(history[-1], meta(last)).sweep_problem is not None
        except CheckpointError as error:
            failed = "No space left" in str(error)
        operations = FailingFileSystem.operations
        FailingFileSystem.set_up()
        assert _offset_of_newest(None, history) in {last - 1, last}
        store.save(history[-1], meta(last))
        assert _offset_of_newest(None, history) == last
        assert failed == (fails_at < operations)
        if not failed:
            break
