"""Whose bundles are taken, and whether a second person must have approved them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fraudstream.stores.bundles.approvals import (
    APPROVAL_BYTES_MAX,
    Approval,
    approval_path,
    check_approval,
    read_approval,
)
from fraudstream.stores.bundles.bundle import BUNDLE_BYTES_MAX, Bundle, unpack
from fraudstream.stores.bundles.errors import UNAPPROVED, UNREADABLE, UNSIGNED, WRONG_KEY, BundleError
from fraudstream.stores.bundles.keys import key_id, read_public_key


@dataclass(frozen=True)
class Trust:
    """Public keys, as 64 hex digits each."""

    keys: frozenset[str]
    needs_approval: bool

    @classmethod
    def of(cls, files: Iterable[Path], *, needs_approval: bool) -> Trust:
        """Return the trust in the public keys of some files; BundleError where one has none."""
        return cls(frozenset(map(read_public_key, files)), needs_approval)

    def admitted(self, path: Path) -> tuple[Bundle, Approval | None]:
        """Read a bundle and its approval; BundleError unless both are whole and by those who are trusted."""
        bundle = self.published(path)
        return bundle, self.approved(bundle, path)

    def published(self, path: Path) -> Bundle:
        """Read a bundle; BundleError unless it is whole and by a trusted publisher."""
        bundle = read_bundle(path)
        if bundle.key is None:
            raise BundleError(UNSIGNED, path, f"nobody has signed {bundle}", "publish it with a trusted key")
        self._check(bundle.key, path, f"{bundle} is signed by the key {key_id(bundle.key)}")
        return bundle

    def approved(self, bundle: Bundle, path: Path) -> Approval | None:
        """Read the approval of a bundle where one is needed; BundleError unless it is by a trusted key."""
        if not self.needs_approval:
            return None
        where = approval_path(path)
        if not where.exists():
            what = f"nobody has approved {bundle}"
            raise BundleError(UNAPPROVED, path, what, "have it approved by `fraudstream rules approve`")
        approval = read_approval(_read(where, APPROVAL_BYTES_MAX), where)
        check_approval(bundle, approval, where)
        self._check(approval.key, where, f"{bundle} is approved by the key {key_id(approval.key)}")
        return approval

    def _check(self, key: str, where: Path, what: str) -> None:
        if key not in self.keys:
            remedy = "name its public file under rules.trust, or use a key that is named there"
            raise BundleError(WRONG_KEY, where, f"{what}, which is not trusted", remedy)


def read_bundle(path: Path) -> Bundle:
    """Return the bundle of a file, whoever has signed it; BundleError where it is not whole."""
    return unpack(_read(path, BUNDLE_BYTES_MAX), path)


def _read(path: Path, bytes_max: int) -> bytes:
    try:
        if not path.is_file():
            raise BundleError(UNREADABLE, path, "there is no such file", "publish to it, or correct the path")
        with path.open("rb") as file:
            # A byte too many is told of as what it is.
            return file.read(bytes_max + 1)
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise BundleError(UNREADABLE, path, what, "correct its permissions") from None
