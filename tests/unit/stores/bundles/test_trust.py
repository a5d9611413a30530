"""Only bundles of trusted publishers are taken, and where four eyes are asked for, of two people."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudstream.stores.bundles.approvals import Approval, approval_bytes, approval_path, approve
from fraudstream.stores.bundles.bundle import Bundle, unpack
from fraudstream.stores.bundles.errors import BundleError
from fraudstream.stores.bundles.keys import SigningKey, write_key_pair
from fraudstream.stores.bundles.offers import FileOffer
from fraudstream.stores.bundles.trust import Trust
from tests.unit.stores.bundles.bundles import APPROVER, PUBLISHER, STRANGER, approval, bundle

KEYS = frozenset({PUBLISHER.public, APPROVER.public})
ONE, TWO = Trust(KEYS, needs_approval=False), Trust(KEYS, needs_approval=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a bundle."""
    (tmp_path / "b").write_bytes(bundle())
    return tmp_path / "b"


def admitted(trust: Trust, path: Path) -> tuple[Bundle, Approval | None]:
    """Read a bundle and its approval."""
    offer = FileOffer(path)
    found = trust.published(offer)
    return found, trust.approved(found, offer)


def approved(path: Path, by: SigningKey, content: bytes | None = None) -> None:
    """Write an approval beside a bundle, or some content in its place."""
    approval_path(path).write_bytes(content or approval(path.read_bytes(), by))


def refusal(trust: Trust, path: Path) -> str:
    """Return reason and words of a refusal, which are one line."""
    with pytest.raises(BundleError) as caught:
        admitted(trust, path)
    assert "\n" not in str(caught.value)
    return f"{caught.value.reason}: {str(caught.value).replace(str(path), 'b')}"


def test_a_trusted_bundle_is_taken(path: Path) -> None:
    """By one person or by two, as the topology wants it."""
    assert admitted(ONE, path) == (unpack(bundle(), path), None)
    approved(path, APPROVER)
    found = admitted(TWO, path)[1]
    assert found is not None
    assert found.approver == "Bob"


def test_an_unsigned_bundle_is_refused(path: Path) -> None:
    """Anybody could have written it."""
    path.write_bytes(bundle(signed_by=None))
    assert refusal(ONE, path).startswith(
        "unsigned: b: nobody has signed bundle 1, ruleset 0123456789abcdef: "
    )


def test_a_bundle_of_a_stranger_is_refused(path: Path) -> None:
    """A signature says who, and the topology says whether."""
    path.write_bytes(bundle(signed_by=STRANGER))
    told = refusal(ONE, path)
    assert told.startswith("wrong_key: b: bundle 1, ruleset 0123456789abcdef is signed by the key ")
    assert "which is not trusted: name its public file under rules.trust" in told


def test_a_tampered_bundle_is_refused(path: Path) -> None:
    """Whatever it says."""
    path.write_bytes(bundle().replace(b"> 100", b"> 900"))
    assert refusal(ONE, path).startswith("tampered: b: x/0.yml is not what its manifest says")


def test_a_missing_bundle_is_told(path: Path) -> None:
    """And a folder in its place."""
    path.unlink()
    assert refusal(ONE, path) == "unreadable: b: there is no such file: publish to it, or correct the path"
    path.mkdir()
    assert refusal(ONE, path).startswith("unreadable: b: there is no such file")


def test_a_bundle_without_approval_is_refused(path: Path) -> None:
    """Where the topology asks for one."""
    assert refusal(TWO, path).startswith(
        "unapproved: b: nobody has approved bundle 1, ruleset 0123456789abcdef:"
    )


def test_an_approval_by_the_publisher_is_none(path: Path) -> None:
    """Neither can it be made, nor does one that was made some other way count."""
    with pytest.raises(BundleError, match="by the publisher's own key: have somebody else approve"):
        approve(unpack(bundle(), "b"), "Ann", "2026-03-02T09:00:00Z", PUBLISHER, "b")
    made = approve(unpack(bundle(), "b"), "Ann", "2026-03-02T09:00:00Z", APPROVER, "b")
    made = made.model_copy(update={"key": PUBLISHER.public})
    made = made.model_copy(update={"signature": PUBLISHER.sign(made.signed())})
    approved(path, PUBLISHER, approval_bytes(made))
    assert refusal(TWO, path).startswith(
        "unapproved: b.approval: the approval is by the publisher's own key: "
    )


def test_an_approval_by_a_stranger_is_refused(path: Path) -> None:
    """The second pair of eyes must be trusted too."""
    approved(path, STRANGER)
    assert refusal(TWO, path).startswith(
        "wrong_key: b.approval: bundle 1, ruleset 0123456789abcdef is approved by"
    )


def test_an_approval_of_another_bundle_is_refused(path: Path) -> None:
    """It names the hash of all bytes."""
    approved(path, APPROVER, approval(bundle(sequence=2), APPROVER))
    told = refusal(TWO, path)
    assert told.startswith("unapproved: b.approval: the approval is of another bundle (2), not of bundle 1")


def test_a_tampered_approval_is_refused(path: Path) -> None:
    """Nobody approves in another's name."""
    approved(path, APPROVER, approval(bundle(), APPROVER).replace(b"Bob", b"Eve"))
    assert refusal(TWO, path).startswith(
        "tampered: b.approval: the approval is not what its key has signed: "
    )


def test_an_unsigned_bundle_cannot_be_approved() -> None:
    """There would be nobody else than the approver."""
    with pytest.raises(BundleError, match="nobody has signed the bundle: publish it with a key"):
        approve(unpack(bundle(signed_by=None), "b"), "Bob", "2026-03-02T09:00:00Z", APPROVER, "b")


def test_trust_is_read_from_public_files(tmp_path: Path) -> None:
    """As the topology names them."""
    made = [write_key_pair(tmp_path / name) for name in ("a", "b")]
    trust = Trust.of([tmp_path / "a.pub", tmp_path / "b.pub"], needs_approval=True)
    assert trust == Trust(frozenset(each.public for each in made), needs_approval=True)
