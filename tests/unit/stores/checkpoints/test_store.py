"""What a checkpoint store keeps, gives back, refuses and deletes."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest

from fraudstream.stores.checkpoints import CheckpointError, CheckpointStore
from fraudstream.stores.checkpoints.chunks import TURNS
from tests.checkpoint_files import KEY, OTHER_KEY, OWNER, meta, same, state


def _store(place: Path, key: bytes | None = None, keep: int = 3) -> CheckpointStore:
    return CheckpointStore(str(place), OWNER, key, keep)


def _offset(store: CheckpointStore) -> int | None:
    loaded = store.load()
    return None if loaded is None else loaded.meta.positions[0]


def _files(place: Path, kind: str) -> list[Path]:
    return sorted(path for path in place.glob(f"*/*/*/{kind}/**/*") if path.is_file())


@pytest.fixture(params=[None, KEY], ids=["plain", "encrypted"])
def key(request: pytest.FixtureRequest) -> bytes | None:
    """Run a test with and without encryption."""
    found: bytes | None = request.param
    return found


def test_an_empty_place_has_no_checkpoint(tmp_path: Path) -> None:
    """The first start of a shard is no error."""
    store = _store(tmp_path / "new")
    assert (store.load(), store.read_manifests(), store.skipped) == (None, [], [])


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_checkpoint_comes_back_with_all_that_goes_with_it(tmp_path: Path, scheme: str) -> None:
    """State, positions, epoch, extra and the rule files."""
    store = CheckpointStore(f"{scheme}{tmp_path}", OWNER)
    saved = store.save(state(1, 2), meta(7, epoch=4))
    loaded = _store(tmp_path).load()
    assert loaded is not None
    assert same(loaded.snapshot, state(1, 2))
    assert loaded.meta == meta(7, epoch=4)
    assert (saved.epoch, saved.sequence, saved.chunks_new, saved.chunks_reused) == (4, 1, 4, 0)
    assert loaded.listed.state_bytes == saved.state_bytes > 140_000


def test_loaded_arrays_can_be_written(tmp_path: Path) -> None:
    """An engine goes on folding into them."""
    store = _store(tmp_path)
    store.save({"big": np.zeros(100_000), "small": np.zeros(3)}, meta())
    loaded = store.load()
    assert loaded is not None
    for name in ("big", "small"):
        loaded.snapshot[name][0] = 1


def test_what_has_not_changed_is_not_written_again(tmp_path: Path, key: bytes | None) -> None:
    """A chunk that is in the last checkpoint of the same owner is named again, and equal chunks are one."""
    store = _store(tmp_path, key)
    store.save(state(1, 2, 2), meta())
    saved = store.save(state(1, 3, 3), meta())
    assert (saved.chunks_new, saved.chunks_reused) == (1, 3)
    assert saved.written_bytes < 80_000
    assert _offset(_store(tmp_path, key)) == 0


def test_a_changed_byte_of_a_large_array_costs_one_chunk(tmp_path: Path) -> None:
    """Large arrays are cut into pieces of 1 MiB."""
    big = np.random.default_rng(1).integers(0, 256, 5 << 20, np.uint8)
    store = _store(tmp_path)
    store.save({"big": big}, meta())
    big[3 << 20] ^= 1
    assert store.save({"big": big}, meta()).chunks_new == 1
    loaded = store.load()
    assert loaded is not None
    assert same(loaded.snapshot["big"], big)


def test_only_the_newest_stay(tmp_path: Path) -> None:
    """Also their chunks go, but those that a newer checkpoint names."""
    store = _store(tmp_path, keep=2)
    for offset in range(5):
        store.save(state(9, offset), meta(offset))
    assert [listed.sequence for listed in store.read_manifests()] == [5, 4]
    # Two states, the one that they share, the small values and the rules.
    assert len(_files(tmp_path, "chunks")) == 5
    assert _offset(store) == 4


def test_manifests_are_listed_with_what_a_status_shows(tmp_path: Path) -> None:
    """The newest first, over the epochs."""
    for epoch, offset in ((1, 10), (2, 20)):
        _store(tmp_path).save(state(1), meta(offset, epoch))
    newest, older = _store(tmp_path).read_manifests()
    assert (newest.epoch, newest.sequence, newest.positions) == (2, 2, {0: 20})
    assert (older.epoch, older.sequence, older.positions) == (1, 1, {0: 10})
    assert newest.written_us >= older.written_us > 1_700_000_000_000_000
    assert newest.extra == {"ruleset": "r1"}
    assert 0 < newest.seconds < 60


def test_the_caller_says_which_checkpoint_it_accepts(tmp_path: Path) -> None:
    """The newest whose positions are not beyond what was committed."""
    store = _store(tmp_path)
    for offset in (10, 20, 30):
        store.save(state(offset), meta(offset))
    loaded = store.load(lambda listed: listed.positions[0] <= 25)
    assert loaded is not None
    assert loaded.meta.positions == {0: 20}
    assert [(each.reason, each.is_damaged) for each in store.skipped] == [("not accepted", False)]


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        *(("chunks", fault) for fault in ("flipped", "cut", "gone", "empty")),
        *(("manifests", fault) for fault in ("flipped", "cut", "empty")),
    ],
)
def test_a_damaged_checkpoint_is_passed_over_and_told(
    tmp_path: Path, key: bytes | None, kind: str, fault: str
) -> None:
    """Whatever file of it is damaged, and however."""
    store = _store(tmp_path, key)
    store.save(state(1), meta(1))
    before = set(_files(tmp_path, kind))
    store.save(state(2), meta(2))
    (damaged,) = set(_files(tmp_path, kind)) - before
    _damage(damaged, fault)
    assert _offset(store) == 1
    (skipped,) = store.skipped
    assert skipped.is_damaged
    assert skipped.manifest == "0000000001-0000000002.json"
    # The same owner heals it, though what it saves has not changed.
    for offset in range(3, 3 + TURNS):
        store.save(state(2), meta(offset))
    assert _offset(store) == offset


def _damage(path: Path, fault: str) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle] ^= 1
    match fault:
        case "flipped":
            path.write_bytes(content)
        case "cut":
            path.write_bytes(content[:middle])
        case "gone":
            path.unlink()
        case "empty":
            path.write_bytes(b"")


def test_each_bit_of_a_manifest_counts(tmp_path: Path, key: bytes | None) -> None:
    """A damaged one is never taken for a foreign one, nor for one of another key."""
    store = _store(tmp_path, key)
    store.save({"n": 1}, meta())
    (path,) = _files(tmp_path, "manifests")
    whole = path.read_bytes()
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert store.load() is None
        assert [each.is_damaged for each in store.skipped] == [True]


def test_encrypted_checkpoints_show_nothing_of_what_they_hold(tmp_path: Path) -> None:
    """Neither contents, nor names, nor equal names of equal contents under another key."""
    snapshot = {"text": "ACC-SECRET", "packed": b"ACC-SECRET" * 9, "big": np.full(9_000, b"ACC-SECRET")}
    names = []
    for place, each in (("a", KEY), ("b", OTHER_KEY), ("c", None)):
        _store(tmp_path / place, each).save(snapshot, meta())
        names.append({path.name for path in _files(tmp_path / place, "chunks")})
    assert len(set.union(*names)) == sum(map(len, names))
    kept = [path.read_bytes() for place in "ab" for path in (tmp_path / place).rglob("*") if path.is_file()]
    assert not any(b"SECRET" in content or b"ruleset" in content for content in kept)


def test_a_chunk_cannot_stand_in_for_another(tmp_path: Path) -> None:
    """Who can write to the store, but has no key, cannot swap two chunks or two manifests."""
    store = _store(tmp_path, KEY)
    for offset in (1, 2):
        store.save(state(offset), meta(offset))
    older, newer = _files(tmp_path, "manifests")
    newer.write_bytes(older.read_bytes())
    assert _offset(store) == 1
    assert "is not what the key has sealed" in store.skipped[0].reason


def test_a_write_that_the_system_refuses_leaves_nothing_that_counts(tmp_path: Path) -> None:
    """The space of the chunks that were written is given back, and the previous checkpoint stays."""
    store = _store(tmp_path)
    store.save(state(1), meta(1))
    before = [path.name for path in _files(tmp_path, "*")]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(CheckpointError, match="File too large: raise the limit for file sizes"):
            store.save({**state(2), "big": np.random.default_rng(1).bytes(200_000)}, meta(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in _files(tmp_path, "*")] == before
    assert _offset(store) == 1


def test_only_their_owner_may_read_checkpoints(tmp_path: Path) -> None:
    """They hold what customers did."""
    _store(tmp_path).save(state(1), meta())
    assert {path.stat().st_mode & 0o777 for path in _files(tmp_path, "*")} == {0o600}
