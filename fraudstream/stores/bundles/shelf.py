"""Where bundles are published: the one in force, the last ones before it, and the log of who did what."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path

from fraudstream.stores.audit_log import AuditLog
from fraudstream.stores.bundles.approvals import Approval, approval_bytes, approval_path, approve
from fraudstream.stores.bundles.bundle import Bundle, Draft, pack, unpack
from fraudstream.stores.bundles.errors import TAMPERED, UNAPPROVED, UNREADABLE, BundleError
from fraudstream.stores.bundles.keys import SigningKey, key_id
from fraudstream.stores.bundles.trust import read_bundle
from fraudstream.stores.whole_file import write_whole

NAME = "rules.bundle"
"""How a bundle is called where only a directory is named."""
KEEP = 20
_HISTORY, _AUDIT, _BUNDLE = ".history", ".audit.jsonl", ".bundle"
PUBLISH, ROLLBACK, APPROVE = "publish", "rollback", "approve"


class Shelf:
    """A target of publishing.

    Every bundle is first put into the history and noted in the audit log, and only then where workers look:
    whenever a publisher dies, none is in force that the log does not know, and no sequence comes twice.
    """

    def __init__(self, target: Path, audit: Path | None = None, keep: int = KEEP) -> None:
        self.path = target / NAME if target.is_dir() else target
        self.history_path = self.path.with_name(self.path.name + _HISTORY)
        self.audit = AuditLog(audit or self.path.with_name(self.path.name + _AUDIT))
        self._keep = keep

    def publish(self, files: Mapping[str, bytes], draft: Draft, key: SigningKey) -> Bundle:
        """Publish a ruleset under the next sequence; BundleError or AuditError where that fails."""
        with self._alone():
            sequence = self._last() + 1
            content = pack(files, draft, sequence, key)
            # What no worker would take is not published.
            bundle = unpack(content, self.path)
            write_whole(self.history_path / f"{sequence:08}{_BUNDLE}", content)
            event = PUBLISH if draft.repeats is None else ROLLBACK
            self.audit.append(draft.author, event, {"bundle": str(self.path), **told(bundle)})
            write_whole(self.path, content)
            for sequence in sorted(self._kept(), reverse=True)[self._keep :]:
                self._kept()[sequence].unlink(missing_ok=True)
        return bundle

    def approve(
        self, approver: str, approved_at: str, key: SigningKey, ruleset: str | None = None
    ) -> Approval:
        """Put an approval beside the bundle that is there; BundleError where the key may not.

        With a `ruleset` only a bundle of that version is approved: another may have come since it was read.
        """
        with self._alone():
            bundle = read_bundle(self.path)
            if ruleset not in (None, bundle.manifest.ruleset):
                what = f"there is {bundle} now, not ruleset {ruleset}"
                raise BundleError(UNAPPROVED, self.path, what, "read that one before you approve it")
            approval = approve(bundle, approver, approved_at, key, self.path)
            signed = {"key": key_id(key.public), "signature": approval.signature}
            self.audit.append(approver, APPROVE, {"bundle": str(self.path), **told(bundle), **signed})
            write_whole(approval_path(self.path), approval_bytes(approval))
        return approval

    def earlier(self, sequence: int | None = None) -> Bundle:
        """Return a bundle of the history, by default the newest with another ruleset than the one in force.

        BundleError where there is none, or where it is not one that the audit log knows.
        """
        if sequence is None:
            return self._before(read_bundle(self.path))
        kept = self._kept()
        if sequence not in kept:
            listed = ", ".join(map(str, sorted(kept))) or "none"
            what = f"there is no bundle {sequence}"
            raise BundleError(UNREADABLE, self.history_path, what, f"choose of those that are kept: {listed}")
        return self._known(kept[sequence])

    def _before(self, current: Bundle) -> Bundle:
        for sequence, path in sorted(self._kept().items(), reverse=True):
            if sequence < current.manifest.sequence:
                bundle = self._known(path)
                if bundle.manifest.ruleset != current.manifest.ruleset:
                    return bundle
        what = f"there is no earlier ruleset than that of {current}"
        raise BundleError(UNREADABLE, self.history_path, what, "publish the rules themselves")

    def _known(self, path: Path) -> Bundle:
        bundle = read_bundle(path)
        if bundle.digest not in {entry.details.get("sha256") for entry in self.audit.entries()}:
            what = "the audit log does not know this bundle"
            raise BundleError(TAMPERED, path, what, "remove it, and look who can write there")
        return bundle

    def _last(self) -> int:
        """Return the last sequence, by what is in force, in the history and in the log: any may be lost."""
        noted: list[int] = [
            entry.details["sequence"] for entry in self.audit.entries() if entry.event in (PUBLISH, ROLLBACK)
        ]
        return max([0, self._current(), *self._kept(), *noted])

    def _current(self) -> int:
        if not self.path.exists():
            return 0
        try:
            return read_bundle(self.path).manifest.sequence
        except BundleError as error:
            # Publishing is what mends a tampered bundle; another kind of file is never written over.
            if error.reason == TAMPERED:
                return 0
            raise

    def _kept(self) -> dict[int, Path]:
        paths = self.history_path.glob(f"*{_BUNDLE}")
        return {int(path.stem): path for path in paths if path.stem.isdecimal()}

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other publishers of the same target out."""
        try:
            self.history_path.mkdir(parents=True, exist_ok=True)
            folder = os.open(self.history_path, os.O_RDONLY)
            try:
                flock(folder, LOCK_EX)
                yield
            finally:
                os.close(folder)
        except OSError as error:
            where = error.filename or self.path
            what = f"cannot be read or written ({error.strerror})"
            raise BundleError(UNREADABLE, where, what, "mend that, and repeat") from None


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
