"""Publishes to a place: what is in force, the last bundles before it, and the log of who did what."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from pathlib import Path

from fraudstream.stores.audit_log import AuditLog
from fraudstream.stores.bundles.approvals import Approval, approval_bytes, approve
from fraudstream.stores.bundles.bundle import Bundle, Draft, pack, unpack
from fraudstream.stores.bundles.errors import TAMPERED, UNAPPROVED, UNREADABLE, BundleError
from fraudstream.stores.bundles.keys import SigningKey, key_id
from fraudstream.stores.bundles.places import Place

KEEP = 20
PUBLISH, ROLLBACK, APPROVE = "publish", "rollback", "approve"


class Shelf:
    """A target of publishing.

    Every bundle is first put into the history and noted in the audit log, and only then where workers look:
    whenever a publisher dies, none is in force that the log does not know, and no sequence comes twice.
    """

    def __init__(self, place: Place, audit: Path, keep: int = KEEP) -> None:
        self.place = place
        self.audit = AuditLog(audit)
        self._keep = keep

    def publish(self, files: Mapping[str, bytes], draft: Draft, key: SigningKey) -> Bundle:
        """Publish a ruleset under the next sequence; BundleError or AuditError where that fails."""
        place = self.place
        with place.alone():
            sequence = self._last() + 1
            content = pack(files, draft, sequence, key)
            # What no worker would take is not published.
            bundle = unpack(content, place.where)
            place.prepare(sequence, content)
            event = PUBLISH if draft.repeats is None else ROLLBACK
            self.audit.append(draft.author, event, {"bundle": str(place.where), **told(bundle)})
            place.show(sequence, content)
            place.drop(sorted(place.kept(), reverse=True)[self._keep :])
        return bundle

    def approve(
        self, approver: str, approved_at: str, key: SigningKey, ruleset: str | None = None
    ) -> Approval:
        """Put an approval beside the bundle that is there; BundleError where the key may not.

        With a `ruleset` only a bundle of that version is approved: another may have come since it was read.
        """
        where = self.place.where
        with self.place.alone():
            bundle = self.newest()
            if ruleset not in (None, bundle.manifest.ruleset):
                what = f"there is {bundle} now, not ruleset {ruleset}"
                raise BundleError(UNAPPROVED, where, what, "read that one before you approve it")
            approval = approve(bundle, approver, approved_at, key, where)
            signed = {"key": key_id(key.public), "signature": approval.signature}
            self.audit.append(approver, APPROVE, {"bundle": str(where), **told(bundle), **signed})
            self.place.approve(bundle.manifest.sequence, approval_bytes(approval))
        return approval

    def newest(self) -> Bundle:
        """Return the bundle that is there, whoever has signed it; BundleError where it is not whole."""
        return newest_of(self.place)

    def earlier(self, sequence: int | None = None) -> Bundle:
        """Return a bundle of the history, by default the newest with another ruleset than the one in force.

        BundleError where there is none, or where it is not one that the audit log knows.
        """
        return self._before(self.newest()) if sequence is None else self._known(sequence)

    def _before(self, current: Bundle) -> Bundle:
        for sequence in sorted(self.place.kept(), reverse=True):
            if sequence < current.manifest.sequence:
                bundle = self._known(sequence)
                if bundle.manifest.ruleset != current.manifest.ruleset:
                    return bundle
        what = f"there is no earlier ruleset than that of {current}"
        raise BundleError(UNREADABLE, self.place.history, what, "publish the rules themselves")

    def _known(self, sequence: int) -> Bundle:
        bundle = kept_by(self.place, sequence)
        if bundle.digest not in {entry.details.get("sha256") for entry in self.audit.entries()}:
            what = f"the audit log {self.audit.path} does not know bundle {sequence}"
            remedy = "name the log of whoever published or approved it, or look who can write there"
            raise BundleError(TAMPERED, self.place.history, what, remedy)
        return bundle

    def _last(self) -> int:
        """Return the last sequence, by what is in force, in the history and in the log: any may be lost."""
        noted: list[int] = [
            entry.details["sequence"] for entry in self.audit.entries() if entry.event in (PUBLISH, ROLLBACK)
        ]
        return max([0, self._current(), *self.place.kept(), *noted])

    def _current(self) -> int:
        content = self.place.newest()
        try:
            return 0 if content is None else unpack(content, self.place.where).manifest.sequence
        except BundleError as error:
            # Publishing is what mends a tampered bundle; another kind of file is never written over.
            if error.reason == TAMPERED:
                return 0
            raise


def newest_of(place: Place) -> Bundle:
    """Return the newest bundle of a place, whoever has signed it; BundleError where there is none."""
    content = place.newest()
    if content is None:
        what = "nothing is published there"
        raise BundleError(UNREADABLE, place.where, what, "publish to it, or correct the path")
    return unpack(content, place.where)


def kept_by(place: Place, sequence: int) -> Bundle:
    """Return a bundle of a place's history, whoever has signed it; BundleError where it is not there."""
    kept = place.kept()
    if sequence not in kept:
        listed = ", ".join(map(str, sorted(kept))) or "none"
        what = f"there is no bundle {sequence}"
        raise BundleError(UNREADABLE, place.history, what, f"choose of those that are kept: {listed}")
    return unpack(place.read(sequence), place.history)


def bundle_of(place: Place, ruleset: str) -> Bundle | None:
    """Return the newest bundle of a ruleset, to be read and never put in force; None where none is kept.

    BundleError where one that is kept is not whole.
    """
    content = place.newest()
    newest = [] if content is None else [unpack(content, place.where)]
    earlier = (kept_by(place, sequence) for sequence in sorted(place.kept(), reverse=True))
    return next((each for each in chain(newest, earlier) if each.manifest.ruleset == ruleset), None)


def told(bundle: Bundle) -> dict[str, str | int]:
    """Return what the audit log tells of a bundle."""
    manifest = bundle.manifest
    words: dict[str, str | int] = {
        "sequence": manifest.sequence,
        "ruleset": manifest.ruleset,
        "sha256": bundle.digest,
        "author": manifest.author,
        "comment": manifest.comment,
        "publisher_key": key_id(bundle.key) if bundle.key else "",
    }
    return words if manifest.repeats is None else {**words, "repeats": manifest.repeats}


def unpack_to(bundle: Bundle, directory: Path) -> None:
    """Write the files of a bundle into a new directory; OSError where that fails or it is there already."""
    directory.mkdir(parents=True)
    for name, content in bundle.files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(content)
