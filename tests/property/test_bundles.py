"""No byte of what is signed or chained can change unseen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraudstream.stores.audit_log import AuditError, AuditLog
from fraudstream.stores.bundles.approvals import read_approval
from fraudstream.stores.bundles.bundle import unpack
from fraudstream.stores.bundles.errors import BundleError
from tests.unit.stores.bundles.bundles import approval, bundle

BUNDLE = bundle()
APPROVAL = approval(BUNDLE)
PLACES = st.floats(0, 1, exclude_max=True)
FLIPS = st.integers(1, 255)


def flipped(content: bytes, place: float, bits: int) -> bytes:
    """Return some bytes of which one is changed."""
    at = int(place * len(content))
    return content[:at] + bytes([content[at] ^ bits]) + content[at + 1 :]


@given(PLACES, FLIPS)
def test_a_bundle_with_one_byte_changed_is_refused(place: float, bits: int) -> None:
    """Wherever it stands: header, manifest or file."""
    with pytest.raises(BundleError):
        unpack(flipped(BUNDLE, place, bits), "b")


@given(PLACES, FLIPS)
def test_an_approval_with_one_byte_changed_is_refused(place: float, bits: int) -> None:
    """Also where only its spelling is another."""
    with pytest.raises(BundleError):
        read_approval(flipped(APPROVAL, place, bits), "a")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> AuditLog:
    """Return a log in which a writer has died once."""
    made = AuditLog(tmp_path_factory.mktemp("log") / "audit.jsonl")
    for number in range(3):
        made.append("Ann", "publish", {"sequence": number, "comment": "Grüße"})
    made.path.write_bytes(made.path.read_bytes()[:-30])
    made.append("Bob", "approve", {"sequence": 3})
    return made


@given(place=PLACES, bits=FLIPS)
def test_a_log_with_one_byte_changed_is_not_whole(log: AuditLog, place: float, bits: int) -> None:
    """It is broken, or else without the end of its last line, which is told too."""
    changed = AuditLog(log.path.with_name("changed.jsonl"))
    content = log.path.read_bytes()
    changed.path.write_bytes(flipped(content, place, bits))
    if int(place * len(content)) == len(content) - 1 and bits == ord("\n"):
        assert changed.verify().is_torn
    else:
        with pytest.raises(AuditError):
            changed.verify()
