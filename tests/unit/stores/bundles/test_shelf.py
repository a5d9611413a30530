"""What is published has a sequence, a history and an entry in the log, whenever the publisher dies."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudstream.stores.audit_log import AuditError
from fraudstream.stores.bundles import places as module
from fraudstream.stores.bundles.approvals import approval_path
from fraudstream.stores.bundles.bundle import Bundle
from fraudstream.stores.bundles.errors import BundleError
from fraudstream.stores.bundles.offers import FileOffer
from fraudstream.stores.bundles.shelf import unpack_to
from fraudstream.stores.bundles.trust import Trust
from tests.unit.stores.bundles.bundles import (
    APPROVER,
    FILES,
    PUBLISHER,
    STRANGER,
    FileShelf,
    bundle,
    draft,
    read_bundle,
)

RULESETS = ("a" * 16, "b" * 16, "c" * 16)


@pytest.fixture
def shelf(tmp_path: Path) -> FileShelf:
    """Return a shelf with nothing on it."""
    return FileShelf(tmp_path)


def publish(shelf: FileShelf, ruleset: str = RULESETS[0]) -> Bundle:
    """Publish the same files as some ruleset."""
    return shelf.publish(FILES, draft(ruleset), PUBLISHER)


def events(shelf: FileShelf) -> list[tuple[str, str, int]]:
    """Return what the log says of who did what with which sequence."""
    return [(each.actor, each.event, each.details["sequence"]) for each in shelf.audit.entries()]


def test_sequences_go_up_and_the_log_knows(shelf: FileShelf, tmp_path: Path) -> None:
    """The newest bundle is where workers look, in a directory under a name of its own."""
    assert [publish(shelf).manifest.sequence for _ in range(3)] == [1, 2, 3]
    assert shelf.path == tmp_path / "rules.bundle"
    assert read_bundle(shelf.path).manifest.sequence == 3
    assert events(shelf) == [("Ann", "publish", 1), ("Ann", "publish", 2), ("Ann", "publish", 3)]
    assert FileShelf(shelf.path).path == shelf.path


def test_the_last_ones_are_kept(tmp_path: Path) -> None:
    """As many as are wanted, the one in force among them."""
    shelf = FileShelf(tmp_path, keep=2)
    for _ in range(4):
        publish(shelf)
    assert sorted(path.name for path in shelf.history_path.iterdir()) == [
        "00000003.bundle",
        "00000004.bundle",
    ]


@pytest.mark.parametrize("lost", ["rules.bundle", "rules.bundle.history", "rules.bundle.audit.jsonl"])
def test_no_sequence_comes_twice_whatever_is_lost(shelf: FileShelf, lost: str) -> None:
    """The bundle, its history and the log know of each other."""
    publish(shelf)
    publish(shelf)
    path = shelf.path.with_name(lost)
    for each in path.iterdir() if path.is_dir() else [path]:
        each.unlink()
    assert publish(shelf).manifest.sequence == 3


@pytest.mark.parametrize("dies_at", [1, 2, 3])
def test_a_publisher_may_die_at_any_write(
    shelf: FileShelf, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    """What is in force is known to the log, and the next publication goes on behind it."""
    publish(shelf, RULESETS[0])
    writes = 0

    def dying(path: Path, content: bytes) -> None:
        """Write a file, or die."""
        nonlocal writes
        writes += 1
        if writes == dies_at:
            raise KeyboardInterrupt
        path.write_bytes(content)

    def noting() -> str:
        """Die before an entry, or tell the time of it."""
        dying(shelf.path.with_name("x"), b"")
        return "2026-03-02T08:00:00Z"

    with monkeypatch.context() as patched:
        patched.setattr(module, "write_whole", dying)
        patched.setattr(shelf.audit, "_now", noting)
        with pytest.raises(KeyboardInterrupt):
            publish(shelf, RULESETS[1])
    assert read_bundle(shelf.path).digest in {each.details["sha256"] for each in shelf.audit.entries()}
    assert publish(shelf, RULESETS[2]).manifest.sequence in (2, 3)
    assert read_bundle(shelf.path).manifest.ruleset == RULESETS[2]
    sequences = [sequence for _, _, sequence in events(shelf)]
    assert sequences == sorted(set(sequences))


def test_a_tampered_bundle_is_published_over(shelf: FileShelf) -> None:
    """That is what mends it."""
    publish(shelf)
    shelf.path.write_bytes(shelf.path.read_bytes().replace(b"> 100", b"> 900"))
    assert publish(shelf).manifest.sequence == 2


def test_another_file_is_not_written_over(tmp_path: Path) -> None:
    """A slip of the hand costs no rule."""
    (tmp_path / "x.yml").write_text("id: x")
    with pytest.raises(BundleError, match="is no bundle: name a file that"):
        publish(FileShelf(tmp_path / "x.yml"))
    assert (tmp_path / "x.yml").read_text() == "id: x"


def test_nothing_is_published_behind_a_broken_log(shelf: FileShelf) -> None:
    """Somebody has to look first."""
    publish(shelf)
    before = shelf.path.read_bytes()
    shelf.audit.path.write_bytes(shelf.audit.path.read_bytes().replace(b"Ann", b"Eve"))
    with pytest.raises(AuditError, match="entry 1 is no entry as it was written"):
        publish(shelf)
    assert shelf.path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A file where a folder should be."""
    (tmp_path / "f").write_text("")
    with pytest.raises(BundleError, match=r"cannot be read or written \(Not a directory\): mend that"):
        publish(FileShelf(tmp_path / "f" / "rules.bundle"))


def test_an_approval_lies_beside_its_bundle(shelf: FileShelf) -> None:
    """Workers find it there, and the log names the approver."""
    publish(shelf)
    made = shelf.approve("Bob", "2026-03-02T09:00:00Z", APPROVER)
    trust = Trust(frozenset({PUBLISHER.public, APPROVER.public}), needs_approval=True)
    assert trust.approved(shelf.newest(), FileOffer(shelf.path)) == made
    assert events(shelf)[-1] == ("Bob", "approve", 1)
    with pytest.raises(BundleError, match="publisher's own key"):
        shelf.approve("Ann", "2026-03-02T09:00:00Z", PUBLISHER)
    assert approval_path(shelf.path).exists()


def test_what_was_not_read_is_not_approved(shelf: FileShelf) -> None:
    """Another bundle may have been published since."""
    publish(shelf)
    with pytest.raises(
        BundleError, match=r"there is bundle 1, ruleset a+ now, not ruleset b+: read that one"
    ):
        shelf.approve("Bob", "2026-03-02T09:00:00Z", APPROVER, RULESETS[1])
    assert shelf.approve("Bob", "2026-03-02T09:00:00Z", APPROVER, RULESETS[0]).sequence == 1


def test_an_earlier_ruleset_is_found(shelf: FileShelf) -> None:
    """By its sequence, or as the newest that says something else."""
    for ruleset in (RULESETS[0], RULESETS[1], RULESETS[1]):
        publish(shelf, ruleset)
    assert shelf.earlier().manifest.sequence == 1
    assert shelf.earlier(2).manifest.ruleset == RULESETS[1]
    with pytest.raises(BundleError, match="there is no bundle 9: choose of those that are kept: 1, 2, 3"):
        shelf.earlier(9)


def test_a_first_ruleset_has_none_before_it(shelf: FileShelf) -> None:
    """There is nothing to go back to."""
    publish(shelf)
    with pytest.raises(BundleError, match="there is no earlier ruleset than that of bundle 1, ruleset aaaa"):
        shelf.earlier()


def test_what_was_slipped_into_the_history_is_not_published(shelf: FileShelf) -> None:
    """A rollback would sign it."""
    publish(shelf)
    (shelf.history_path / "00000007.bundle").write_bytes(bundle(sequence=7, signed_by=STRANGER))
    with pytest.raises(
        BundleError, match="does not know bundle 7: name the log of whoever published or approved it"
    ):
        shelf.earlier(7)


def test_a_bundle_is_unpacked_into_a_new_directory(shelf: FileShelf, tmp_path: Path) -> None:
    """Where nothing lies that could be followed or written over."""
    made = publish(shelf)
    unpack_to(made, tmp_path / "out")
    found = {str(path.relative_to(tmp_path / "out")): path for path in (tmp_path / "out").rglob("*.*")}
    assert {name: path.read_bytes() for name, path in found.items()} == FILES
    with pytest.raises(FileExistsError):
        unpack_to(made, tmp_path / "out")
