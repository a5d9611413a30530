"""Keys and small bundles, in which a test writes down only what it is about."""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fraudstream.stores.bundles.approvals import approval_bytes, approve
from fraudstream.stores.bundles.bundle import Draft, pack, unpack
from fraudstream.stores.bundles.keys import SigningKey
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
