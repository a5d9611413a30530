"""Several writers in one place: a newer owner is never harmed by an older one."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from fraudstream.stores.checkpoints import CheckpointError, CheckpointStore
from tests.checkpoint_files import OWNER, Crash, FailingFileSystem, meta, same, state

URL = "failing://owners"


def _store(place: Path | str, keep: int = 2) -> CheckpointStore:
    return CheckpointStore(str(place), OWNER, keep=keep)


def test_an_owner_that_was_superseded_is_refused(tmp_path: Path) -> None:
    """A zombie learns from the store that the shard has another owner."""
    zombie, owner = _store(tmp_path), _store(tmp_path)
    zombie.save(state(1), meta(1, epoch=1))
    owner.save(state(1), meta(2, epoch=2))
    with pytest.raises(
        CheckpointError, match="the owner of epoch 2 has written here, this one has epoch 1: stop"
    ):
        zombie.save(state(1), meta(3, epoch=1))


def test_two_owners_of_one_epoch_are_told(tmp_path: Path) -> None:
    """Two deployments with one place and group: who comes second in a save gives way."""
    first, second = _store(tmp_path), _store(tmp_path)
    first.save(state(1), meta(1))

    class Interrupted(dict[str, object]):
        """Lets the other one save in the middle."""

        def __iter__(self):  # type: ignore[no-untyped-def]
            first.save(state(2), meta(2))
            return super().__iter__()

    with pytest.raises(
        CheckpointError, match="somebody else with the same epoch writes checkpoints of group"
    ):
        second.save(Interrupted(state(3)), meta(3))
    loaded = second.load()
    assert loaded is not None
    assert loaded.meta.positions == {0: 2}


def test_owners_that_die_young_leave_the_checkpoint_that_counts(tmp_path: Path) -> None:
    """Each keeps one that is ahead of what is committed, and dies: the last one that is not stays there."""
    committed = 5
    _store(tmp_path).save(state(1), meta(committed, epoch=0))
    for epoch in range(1, 6):
        owner = _store(tmp_path)
        loaded = owner.load(lambda listed: listed.positions[0] <= committed)
        assert loaded is not None
        assert loaded.meta.positions == {0: committed}
        owner.save(state(epoch), meta(committed + epoch, epoch=epoch))
    ahead = [listed.positions[0] for listed in _store(tmp_path).read_manifests()]
    assert ahead == [10, 5]


def test_damaged_checkpoints_push_out_no_whole_one(tmp_path: Path) -> None:
    """What every owner of a failing disk leaves does not count either."""
    _store(tmp_path).save(state(1), meta(1, epoch=1))
    for epoch in range(2, 5):
        owner = _store(tmp_path)
        assert owner.load() is not None
        owner.save(state(epoch), meta(epoch, epoch=epoch))
        (chunk, *_) = tmp_path.rglob(f"chunks/{epoch:010}-*/*")
        chunk.write_bytes(b"damaged")
    loaded = owner.load()
    assert loaded is not None
    assert same(loaded.snapshot, state(1))


def test_an_owner_takes_over_from_a_zombie_at_any_operation_of_it() -> None:
    """Whatever a zombie still does, deleting included, the newer owner's checkpoints stay whole."""
    operation, is_over = 0, False
    while not is_over:
        FailingFileSystem.clear()
        zombie = _store(URL)
        for offset in range(3):
            zombie.save(state(9, offset), meta(offset, epoch=1))
        FailingFileSystem.meanwhile = _take_over
        FailingFileSystem.set_up(operation, "meanwhile")
        with suppress(CheckpointError):
            zombie.save(state(9, 40), meta(40, epoch=1))
        is_over = FailingFileSystem.operations <= operation
        if not is_over:
            FailingFileSystem.set_up()
            assert _newest() == (2, 50)
        operation += 1
    assert operation > 10


def _take_over() -> None:
    _store(URL).save(state(9, 50), meta(50, epoch=2))


def _newest() -> tuple[int, int]:
    loaded = _store(URL).load()
    assert loaded is not None
    offset = loaded.meta.positions[0]
    assert same(loaded.snapshot, state(9, offset))
    return loaded.meta.epoch, offset


def test_what_dead_owners_left_is_deleted_by_newer_ones() -> None:
    """Chunks without a manifest too."""
    FailingFileSystem.clear()
    FailingFileSystem.set_up(8, "before")
    with pytest.raises(Crash):
        _store(URL).save(state(1, 2), meta(1, epoch=1))
    FailingFileSystem.set_up()
    left = [path for path in FailingFileSystem.store if "/chunks/0000000001-" in path]
    assert left
    owner = _store(URL)
    owner.save(state(3), meta(2, epoch=2))
    assert not set(left) & set(FailingFileSystem.store)


def test_half_written_files_are_deleted(tmp_path: Path) -> None:
    """A process that died while it wrote leaves a file of another name, which never counts."""
    store = _store(tmp_path, keep=1)
    store.save(state(1), meta(1))
    (manifest,) = tmp_path.rglob("manifests/*")
    chunk = next(tmp_path.rglob("chunks/*/*"))
    for path in (manifest, chunk):
        path.with_name(path.name + ".part").write_bytes(b"half")
    assert store.load() is not None
    store.save(state(1), meta(2))
    assert list(tmp_path.rglob("*.part")) == []
