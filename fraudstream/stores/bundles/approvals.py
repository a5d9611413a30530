"""An approval: a file beside a bundle in which a second person signs for it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from fraudstream.stores.bundles.bundle import Bundle
from fraudstream.stores.bundles.canonical import (
    HEX_32_BYTES,
    HEX_64_BYTES,
    PERSON,
    SEQUENCE_MAX,
    TIME,
    Record,
    canonical,
    line_of,
    parsed,
)
from fraudstream.stores.bundles.errors import TAMPERED, UNAPPROVED, UNSIGNED, BundleError
from fraudstream.stores.bundles.keys import SigningKey, verifies

SUFFIX = ".approval"
APPROVAL_BYTES_MAX = 10_000
_SIGNED = b"fraudstream.approval/v1\n"
"""Goes before what is signed: a signature of anything else is never an approval."""


class Approval(Record):
    """Who has approved which bundle (by the hash of all its bytes), and when."""

    schema_: Literal["fraudstream.approval/v1"] = Field("fraudstream.approval/v1", alias="schema")
    bundle: str = Field(pattern=HEX_32_BYTES)
    ruleset: str
    sequence: int = Field(ge=1, le=SEQUENCE_MAX)
    approver: str = Field(pattern=PERSON)
    approved_at: str = Field(pattern=TIME)
    key: str = Field(pattern=HEX_32_BYTES)
    signature: str = Field("0" * 128, pattern=HEX_64_BYTES)

    def signed(self) -> bytes:
        """Return what the signature is of: all but itself."""
        return _SIGNED + canonical(self.model_dump(mode="json", by_alias=True, exclude={"signature"}))


def approval_path(bundle: Path) -> Path:
    """Return where the approval of a bundle is."""
    return bundle.with_name(bundle.name + SUFFIX)


def approve(bundle: Bundle, approver: str, approved_at: str, key: SigningKey, where: object) -> Approval:
    """Return a signed approval; BundleError where the key is that of the publisher, or nobody has signed."""
    if bundle.key is None:
        raise BundleError(UNSIGNED, where, "nobody has signed the bundle", "publish it with a key")
    _check_four_eyes(bundle, key.public, where)
    approval = Approval(
        bundle=bundle.digest,
        ruleset=bundle.manifest.ruleset,
        sequence=bundle.manifest.sequence,
        approver=approver,
        approved_at=approved_at,
        key=key.public,
    )
    return approval.model_copy(update={"signature": key.sign(approval.signed())})


def approval_bytes(approval: Approval) -> bytes:
    """Return an approval as its file."""
    return line_of(approval) + b"\n"


def read_approval(content: bytes, where: object) -> Approval:
    """Return the approval of a file; BundleError unless every byte is as its approver left it."""
    approval = parsed(content[:-1], Approval) if content.endswith(b"\n") else None
    if approval is None or not verifies(approval.key, approval.signature, approval.signed()):
        what = "the approval is not what its key has signed"
        raise BundleError(TAMPERED, where, what, "approve the bundle again, and look who can write there")
    return approval


def check_approval(bundle: Bundle, approval: Approval, where: object) -> None:
    """Raise BundleError unless an approval is of this bundle, and not by its publisher."""
    if approval.bundle != bundle.digest:
        what = f"the approval is of another bundle ({approval.sequence}), not of {bundle}"
        raise BundleError(UNAPPROVED, where, what, "have this one approved by `fraudstream rules approve`")
    _check_four_eyes(bundle, approval.key, where)


def _check_four_eyes(bundle: Bundle, key: str, where: object) -> None:
    if key == bundle.key:
        what = "the approval is by the publisher's own key"
        raise BundleError(UNAPPROVED, where, what, "have somebody else approve the bundle")
