"""What a checkpoint store refuses: foreign keys, places, formats and values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fraudstream.stores.checkpoints import CheckpointError, CheckpointStore, Identity
from fraudstream.stores.checkpoints.manifests import Formats, Lift
from tests.checkpoint_files import KEY, OTHER_KEY, OWNER, meta, same, state


def _store(place: Path, key: bytes | None = None) -> CheckpointStore:
    return CheckpointStore(str(place), OWNER, key)


def _manifests(place: Path) -> list[Path]:
    return sorted(place.glob("*/*/*/manifests/*"))


@pytest.mark.parametrize(
    ("written", "given", "message"),
    [
        (KEY, None, "is encrypted with key [0-9a-f]{16}, and no key is given: give that key"),
        (KEY, OTHER_KEY, "is encrypted with key [0-9a-f]{16}, not with [0-9a-f]{16}: give the key it has"),
        (None, KEY, "is not encrypted, though a key is given: take the key away"),
    ],
)
def test_a_wrong_key_is_refused_and_not_taken_for_damage(
    tmp_path: Path, written: bytes | None, given: bytes | None, message: str
) -> None:
    """Neither load nor save goes on with it."""
    _store(tmp_path, written).save(state(1), meta())
    store = _store(tmp_path, given)
    for call in (store.load, store.read_manifests, lambda: store.save(state(1), meta())):
        with pytest.raises(CheckpointError, match=message):
            call()


def test_a_key_has_32_bytes(tmp_path: Path) -> None:
    """Anything else is told before anything is written."""
    with pytest.raises(CheckpointError, match="the encryption key has 5 bytes: give 32 random bytes"):
        _store(tmp_path, b"short")


def test_another_shards_directory_is_refused(tmp_path: Path) -> None:
    """One that was copied or renamed: what, where, remedy."""
    _store(tmp_path).save(state(1), meta())
    (tmp_path / "fraud-workers").rename(tmp_path / "others")
    store = CheckpointStore(str(tmp_path), Identity("others", "single", 0))
    message = (
        "others/.*json: this checkpoint is of .*'fraud-workers'.* not of group 'others'.*: give every shard"
    )
    for call in (store.load, lambda: store.save(state(1), meta())):
        with pytest.raises(CheckpointError, match=message):
            call()


@pytest.mark.parametrize("group", ["..", ".", "", "a/b", "a b%2F"])
def test_any_group_name_is_one_folder(tmp_path: Path, group: str) -> None:
    """No name leads out of the place."""
    store = CheckpointStore(str(tmp_path / "in"), Identity(group, "single", 0))
    store.save(state(1), meta())
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    assert len(_manifests(tmp_path / "in")) == 1
    assert store.load() is not None


def _newer_formats() -> Formats:
    """Return formats of which the first knew other extras, and called a part of the state otherwise."""

    def content(old: dict[str, object]) -> dict[str, object]:
        return {**old, "extra": {"lifted": old["extra"]}}

    def snapshot(old: dict[str, object]) -> dict[str, object]:
        return {"texts": old["strings"]}

    return Formats(2, {1: Lift(content, snapshot)})


def test_an_older_format_is_lifted(tmp_path: Path) -> None:
    """The manifest before anybody reads it, the snapshot when it is loaded."""
    first = CheckpointStore(str(tmp_path), OWNER, formats=Formats(1))
    first.save({"strings": np.arange(5)}, meta(3))
    store = CheckpointStore(str(tmp_path), OWNER, formats=_newer_formats())
    loaded = store.load(lambda listed: listed.extra == {"lifted": {"ruleset": "r1"}})
    assert loaded is not None
    assert same(loaded.snapshot, {"texts": np.arange(5)})
    store.save({"texts": np.arange(6)}, meta(4, epoch=2))
    loaded = store.load()
    assert loaded is not None
    assert same(loaded.snapshot, {"texts": np.arange(6)})


def test_a_checkpoint_of_before_gaps_were_known_has_none(tmp_path: Path) -> None:
    """What format 1 kept goes on as a state that has missed nothing."""
    CheckpointStore(str(tmp_path), OWNER, formats=Formats(1)).save({"texts": 5}, meta())
    loaded = _store(tmp_path).load()
    assert loaded is not None
    assert loaded.snapshot == {"texts": 5, "past": {"is_open": False}}


@pytest.mark.parametrize(
    ("formats", "message"),
    [
        (Formats(1), "has format 2, this version reads up to 1: run the version that wrote it"),
        (Formats(3), "has format 2, which this version can no longer lift to 3: let a version in between"),
    ],
)
def test_a_format_out_of_reach_is_refused(tmp_path: Path, formats: Formats, message: str) -> None:
    """Newer ones, and those that are too old; nothing is written beside them."""
    CheckpointStore(str(tmp_path), OWNER, formats=Formats(2)).save(state(1), meta())
    store = CheckpointStore(str(tmp_path), OWNER, formats=formats)
    for call in (store.load, lambda: store.save(state(1), meta())):
        with pytest.raises(CheckpointError, match=message):
            call()


@pytest.mark.parametrize(
    ("leaf", "message"),
    [
        ({1: 2}, "snapshot.part: the key 1 is no text"),
        ((1, 2), "snapshot.part: a tuple cannot be kept: hand over nested mappings"),
        ([np.array([None])], r"snapshot.part\[0\]: an array of objects cannot be kept"),
    ],
)
def test_what_cannot_be_kept_is_told(tmp_path: Path, leaf: object, message: str) -> None:
    """With the place in the snapshot."""
    with pytest.raises(CheckpointError, match=message):
        _store(tmp_path).save({"part": leaf}, meta())
    assert _manifests(tmp_path) == []


def test_a_place_that_is_no_directory_is_told(tmp_path: Path) -> None:
    """One message: where, what, remedy."""
    (tmp_path / "file").touch()
    with pytest.raises(CheckpointError, match=r"/file/fraud-workers.*: Not a directory: look whether"):
        _store(tmp_path / "file").save(state(1), meta())


@pytest.mark.parametrize("url", ["nowhere://x", "gs://bucket/x"])
def test_a_url_that_nothing_here_can_reach_is_told(url: str) -> None:
    """An unknown protocol, and one whose package is not installed."""
    with pytest.raises(CheckpointError, match="install its fsspec package or correct the URL"):
        CheckpointStore(url, OWNER).load()
