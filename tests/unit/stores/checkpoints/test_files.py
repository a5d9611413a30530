"""Files in what fsspec reaches with an event loop of its own, as it does object stores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import fsspec
import pytest
from fsspec.implementations.asyn_wrapper import AsyncFileSystemWrapper
from fsspec.implementations.memory import MemoryFileSystem

from fraudstream.stores.checkpoints import CheckpointStore
from tests.checkpoint_files import KEY, OWNER, meta, same, state


class AsyncMemory(AsyncFileSystemWrapper):  # type: ignore[misc]
    """Files in memory behind an asynchronous filesystem."""

    protocol = "asyncmemory"

    def __init__(self, **options: Any) -> None:
        super().__init__(MemoryFileSystem(), asynchronous=False, **options)

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(MemoryFileSystem._strip_protocol(path.removeprefix("asyncmemory://")))


@pytest.fixture
def store() -> Iterator[CheckpointStore]:
    """Give a store in an empty place."""
    fsspec.register_implementation("asyncmemory", AsyncMemory, clobber=True)
    MemoryFileSystem.store.clear()
    yield CheckpointStore("asyncmemory://bucket/checkpoints", OWNER, KEY, keep=2)
    MemoryFileSystem.store.clear()


def test_an_object_store_keeps_checkpoints_too(store: CheckpointStore) -> None:
    """Many files are written and read at once, old ones are deleted."""
    for offset in range(3):
        store.save(state(1, offset), meta(offset))
    loaded = store.load()
    assert loaded is not None
    assert same(loaded.snapshot, state(1, 2))
    assert [listed.sequence for listed in store.read_manifests()] == [3, 2]
    # Two states that share an array, the small values and the rules.
    assert len([path for path in MemoryFileSystem.store if "/chunks/" in path]) == 4


def test_an_object_that_is_gone_is_damage(store: CheckpointStore) -> None:
    """The checkpoint before is loaded."""
    store.save(state(1), meta(1))
    before = set(MemoryFileSystem.store)
    store.save(state(2), meta(2))
    (chunk,) = [path for path in set(MemoryFileSystem.store) - before if "/chunks/" in path]
    del MemoryFileSystem.store[chunk]
    loaded = store.load()
    assert loaded is not None
    assert loaded.meta.positions == {0: 1}
    assert "a file is missing" in store.skipped[0].reason
