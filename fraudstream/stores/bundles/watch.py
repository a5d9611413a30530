"""Notices that a bundle changes, and takes only what is trusted and newer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fraudstream.stores.bundles.approvals import Approval, approval_path
from fraudstream.stores.bundles.bundle import Bundle
from fraudstream.stores.bundles.errors import STALE, UNFIT, BundleError
from fraudstream.stores.bundles.shelf import told
from fraudstream.stores.bundles.trust import Trust
from fraudstream.stores.rule_record import LOAD, RuleRecord

Stamp = tuple[tuple[int, int, int] | None, ...]
"""Of the bundle and of its approval: file number, time of the last change and size; None without it."""


class BundleWatch:
    """Looks at a bundle again and again; a change counts once the files have come to rest.

    The newest bundle that was ever taken counts over a restart where the record is kept, so that an older one
    cannot be slipped in while no worker runs.
    """

    def __init__(self, path: Path, trust: Trust, record: RuleRecord) -> None:
        self.path = path
        self._trust = trust
        self._record = record
        self._found: tuple[Bundle, Approval | None] | None = None
        self._newest = _newest(record, path)
        self._seen: Stamp | None = None
        self._taken: Stamp | None = None

    def first(self) -> Mapping[str, bytes]:
        """Return the files to begin with; BundleError where they are refused."""
        self._taken = self._stamp()
        return self._admitted(self._published()).files

    def changed(self) -> Mapping[str, bytes] | None:
        """Return all files of a new bundle that may be taken, None where nothing is new.

        BundleError where it may not; the same trouble is told once.
        """
        stamp = self._stamp()
        resting, self._seen = stamp == self._seen, stamp
        if not resting or stamp == self._taken:
            return None
        self._taken = stamp
        bundle = self._published()
        # What is in force was approved when it was taken.
        return None if self._newest == _name(bundle) else self._admitted(bundle).files

    def take(self, version: str) -> None:
        """Note that a ruleset is about to judge events; BundleError where the manifest has named another."""
        assert self._found is not None
        bundle, approval = self._found
        if bundle.manifest.ruleset != version:
            what = f"the files of {bundle} make ruleset {version} here"
            raise BundleError(UNFIT, self.path, what, "publish it again with this version of fraudstream")
        approver = {} if approval is None else {"approver": approval.approver}
        self._record.note(LOAD, {**self._described(), **told(bundle), **approver})
        self._newest = _name(bundle)

    def refused(self, reason: str, why: str) -> None:
        """Note that a change is refused, and why."""
        bundle = {} if self._found is None else told(self._found[0])
        self._record.refuse({**self._described(), **bundle}, reason, why)

    def _published(self) -> Bundle:
        self._found = None
        bundle = self._trust.published(self.path)
        self._found = (bundle, None)
        return bundle

    def _admitted(self, bundle: Bundle) -> Bundle:
        """Return a bundle; BundleError unless it is no older than what was in force, and approved."""
        newest, digest = self._newest
        sequence = bundle.manifest.sequence
        if sequence < newest or (sequence == newest and bundle.digest != digest):
            kind = "older than" if sequence < newest else "another than"
            what = f"{bundle} is {kind} bundle {newest}, which was in force"
            raise BundleError(STALE, self.path, what, "go back by `fraudstream rules rollback`")
        self._found = (bundle, self._trust.approved(bundle, self.path))
        return bundle

    def _described(self) -> dict[str, str]:
        return {"bundle": str(self.path)}

    def _stamp(self) -> Stamp:
        return tuple(map(_stamp_of, (self.path, approval_path(self.path))))


def _newest(record: RuleRecord, path: Path) -> tuple[int, str]:
    """Return sequence and hash of the newest bundle of a place that was ever in force."""
    loads = (each.details for each in record.entries() if each.event == LOAD)
    names = ((each["sequence"], each["sha256"]) for each in loads if each.get("bundle") == str(path))
    return max(names, default=(0, ""))


def _name(bundle: Bundle) -> tuple[int, str]:
    return bundle.manifest.sequence, bundle.digest


def _stamp_of(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
