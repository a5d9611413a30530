"""Whose bundles are taken, and whether a second person must have approved them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fraudstream.stores.bundles.approvals import Approval, check_approval, read_approval
from fraudstream.stores.bundles.bundle import Bundle, unpack
from fraudstream.stores.bundles.errors import UNAPPROVED, UNSIGNED, WRONG_KEY, BundleError
from fraudstream.stores.bundles.keys import key_id, read_public_key
from fraudstream.stores.bundles.offers import Offer


@dataclass(frozen=True)
class Trust:
    """Public keys, as 64 hex digits each."""

    keys: frozenset[str]
    needs_approval: bool

    @classmethod
    def of(cls, files: Iterable[Path], *, needs_approval: bool) -> Trust:
        """Return the trust in the public keys of some files; BundleError where one has none."""
        return cls(frozenset(map(read_public_key, files)), needs_approval)

    def published(self, offer: Offer) -> Bundle:
        """Read a bundle; BundleError unless it is whole and by a trusted publisher."""
        bundle = unpack(offer.content(), offer.where)
        if bundle.key is None:
            what = f"nobody has signed {bundle}"
            raise BundleError(UNSIGNED, offer.where, what, "publish it with a trusted key")
        self._check(bundle.key, offer.where, f"{bundle} is signed by the key {key_id(bundle.key)}")
        return bundle

    def approved(self, bundle: Bundle, offer: Offer) -> Approval | None:
        """Read the approval of a bundle where one is needed; BundleError unless it is by a trusted key."""
        if not self.needs_approval:
            return None
        content = offer.approval()
        if content is None:
            what = f"nobody has approved {bundle}"
            remedy = "have it approved by `fraudstream rules approve`"
            raise BundleError(UNAPPROVED, offer.where, what, remedy)
        approval = read_approval(content, offer.beside)
        check_approval(bundle, approval, offer.beside)
        self._check(approval.key, offer.beside, f"{bundle} is approved by the key {key_id(approval.key)}")
        return approval

    def _check(self, key: str, where: object, what: str) -> None:
        if key not in self.keys:
            remedy = "name its public file under rules.trust, or use a key that is named there"
            raise BundleError(WRONG_KEY, where, f"{what}, which is not trusted", remedy)
