"""What stands between bundles and a worker: only what is trusted, approved and newer passes, and is noted."""

from __future__ import annotations

from fraudstream.rules.ruleset import Ruleset
from fraudstream.stores.bundles.approvals import Approval
from fraudstream.stores.bundles.bundle import Bundle
from fraudstream.stores.bundles.errors import STALE, UNFIT, BundleError
from fraudstream.stores.bundles.offers import Offer
from fraudstream.stores.bundles.shelf import told
from fraudstream.stores.bundles.trust import Trust
from fraudstream.stores.rule_record import LOAD, RuleRecord


class Gate:
    """Admits the bundles of one place, which the record calls `place`.

    The newest bundle that was ever taken counts over a restart where the record is kept, so that an older one
    cannot be slipped in while no worker runs.
    """

    def __init__(self, place: str, trust: Trust, record: RuleRecord) -> None:
        self.place = place
        self._trust = trust
        self._record = record
        self._found: tuple[Bundle, Approval | None] | None = None
        self._newest = _newest(record, place)
        self.bundle: int | None = None
        """The sequence of the bundle that was admitted last."""

    def published(self, offer: Offer) -> Bundle:
        """Read what is offered; BundleError unless it is whole and by a trusted publisher."""
        self._found = None
        bundle = self._trust.published(offer)
        self._found = (bundle, None)
        return bundle

    def is_in_force(self, bundle: Bundle) -> bool:
        """Whether a bundle is the newest that was taken: it was approved then."""
        return self._newest == _name(bundle)

    def admitted(self, bundle: Bundle, offer: Offer) -> Bundle:
        """Return a bundle; BundleError unless it is no older than what was in force, and approved."""
        newest, digest = self._newest
        sequence = bundle.manifest.sequence
        if sequence < newest or (sequence == newest and bundle.digest != digest):
            kind = "older than" if sequence < newest else "another than"
            what = f"{bundle} is {kind} bundle {newest}, which was in force"
            raise BundleError(STALE, offer.where, what, "go back by `fraudstream rules rollback`")
        self._found = (bundle, self._trust.approved(bundle, offer))
        self.bundle = sequence
        return bundle

    def take(self, ruleset: Ruleset) -> None:
        """Note that a ruleset is about to judge events; BundleError where the manifest has named another."""
        assert self._found is not None
        bundle, approval = self._found
        if bundle.manifest.ruleset != ruleset.version:
            what = f"the files of {bundle} make ruleset {ruleset.version} here"
            raise BundleError(UNFIT, self.place, what, "publish it again with this version of fraudstream")
        approver = {} if approval is None else {"approver": approval.approver}
        self._record.load(self._described(), {**told(bundle), **approver}, ruleset)
        self._newest = _name(bundle)

    def refused(self, reason: str, why: str) -> None:
        """Note that a change is refused, and why."""
        bundle = {} if self._found is None else told(self._found[0])
        self._record.refuse({**self._described(), **bundle}, reason, why)

    def _described(self) -> dict[str, str]:
        return {"bundle": self.place}


def _newest(record: RuleRecord, place: str) -> tuple[int, str]:
    """Return sequence and hash of the newest bundle of a place that was ever in force."""
    loads = (each.details for each in record.entries() if each.event == LOAD)
    names = ((each["sequence"], each["sha256"]) for each in loads if each.get("bundle") == place)
    return max(names, default=(0, ""))


def _name(bundle: Bundle) -> tuple[int, str]:
    return bundle.manifest.sequence, bundle.digest
