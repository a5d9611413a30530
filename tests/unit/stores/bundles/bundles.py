"""Keys and small bundles, in which a test writes down only what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fraudstream.stores.bundles.approvals import approval_bytes, approve
from fraudstream.stores.bundles.bundle import Bundle, Draft, pack, unpack
from fraudstream.stores.bundles.keys import SigningKey
from fraudstream.stores.bundles.places import FilePlace
from fraudstream.stores.bundles.shelf import KEEP, Shelf
from tests.unit.rule_files import rule_file, rule_files

FILES: Mapping[str, bytes] = rule_files(
    rule_file(), **{"lists/l.csv": b"a,b\n", "models/m.state": b"\x00\n\xff"}
)


def key(number: int) -> SigningKey:
    """Return a key that is the same in every run."""
    return SigningKey(Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))


PUBLISHER, APPROVER, STRANGER = key(1), key(2), key(3)


def draft(ruleset: str = "0123456789abcdef", comment: str = "") -> Draft:
    """Return what a publisher says."""
    return Draft(ruleset=ruleset, published_at="2026-03-02T08:00:00Z", author="Ann", comment=comment)


def bundle(
    sequence: int = 1, signed_by: SigningKey | None = PUBLISHER, files: Mapping[str, bytes] = FILES
) -> bytes:
    """Return a bundle."""
    return pack(files, draft(), sequence, signed_by)


def approval(content: bytes, by: SigningKey = APPROVER) -> bytes:
    """Return an approval of a bundle by Bob."""
    return approval_bytes(approve(unpack(content, "b"), "Bob", "2026-03-02T09:00:00Z", by, "b"))


class FileShelf(Shelf):
    """A shelf of files, with its audit log beside the bundle."""

    def __init__(self, target: Path, keep: int = KEEP) -> None:
        place = FilePlace(target)
        self.path, self.history_path = place.where, place.history
        super().__init__(place, self.path.with_name(f"{self.path.name}.audit.jsonl"), keep)


def read_bundle(path: Path) -> Bundle:
    """Return the bundle of a file."""
    return unpack(path.read_bytes(), path)
