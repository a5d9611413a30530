"""A bundle is what its publisher packed, or it is refused."""

from __future__ import annotations

from hashlib import sha256

import pytest

from fraudstream.stores.bundles import bundle as module
from fraudstream.stores.bundles.bundle import Manifest, Packed, unpack
from fraudstream.stores.bundles.canonical import canonical, line_of
from fraudstream.stores.bundles.errors import BundleError
from tests.unit.stores.bundles.bundles import FILES, PUBLISHER, STRANGER, bundle, draft


def refusal(content: bytes) -> str:
    """Return reason and words with which some bytes are refused."""
    with pytest.raises(BundleError) as caught:
        unpack(content, "b")
    assert "\n" not in str(caught.value)
    return f"{caught.value.reason}: {caught.value}"


def signed(manifest: bytes, contents: bytes) -> bytes:
    """Return a bundle of any manifest, rightly signed."""
    signature = PUBLISHER.sign(b"fraudstream.bundle/v1\n" + manifest)
    header = {"key": PUBLISHER.public, "schema": "fraudstream.bundle/v1", "signature": signature}
    return b"\n".join((canonical(header), manifest, contents))


def test_what_is_packed_is_unpacked() -> None:
    """Files with any bytes, what the publisher says, the key, and the hash of it all."""
    content = bundle(sequence=7)
    found = unpack(content, "b")
    assert found.files == FILES
    assert (found.manifest.sequence, found.manifest.author) == (7, "Ann")
    assert (found.key, found.digest) == (PUBLISHER.public, sha256(content).hexdigest())


def test_the_same_arguments_give_the_same_bytes() -> None:
    """The order in which the files were read does not matter."""
    assert bundle() == bundle(files=dict(reversed(list(FILES.items()))))


def test_an_unsigned_bundle_has_no_key() -> None:
    """It can be read, so that the refusal says what it lacks."""
    assert unpack(bundle(signed_by=None), "b").key is None


def test_a_changed_file_is_named() -> None:
    """The signature covers the hash of every file."""
    content = bundle().replace(b"amount_usd > 100", b"amount_usd > 900")
    assert "tampered: b: x/0.yml is not what its manifest says: publish it again" in refusal(content)


def test_a_changed_manifest_is_refused() -> None:
    """Nobody else says which sequence a bundle has."""
    content = bundle().replace(b'"sequence":1', b'"sequence":9')
    assert "tampered: b: the manifest is not what its key has signed" in refusal(content)


def test_the_name_of_another_key_does_not_help() -> None:
    """A signature is that of one key."""
    content = bundle().replace(PUBLISHER.public.encode(), STRANGER.public.encode())
    assert "tampered: b: the manifest is not what its key has signed" in refusal(content)


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"schema: fraudstream.rule/v1\n", bundle().split(b"\n")[0], b"x" * 5_000]
)
def test_what_is_no_bundle_is_told(content: bytes) -> None:
    """Any other file."""
    assert "unreadable: b: is no bundle: name a file" in refusal(content)


def test_a_cut_bundle_and_one_with_more_are_refused() -> None:
    """Every byte belongs to a file of the manifest."""
    assert "typologies.yml" in refusal(bundle()[:-80]) or "x/0.yml" in refusal(bundle()[:-80])
    assert "something behind the last file" in refusal(bundle() + b"\n")


@pytest.mark.parametrize(
    "name",
    [
        "../x.yml",
        "/etc/x.yml",
        "x/../../y.yml",
        "x//y.yml",
        "./x.yml",
        "x\\y.yml",
        "x\n.yml",
        ".x/y.yml",
        "",
        "x",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    """Even where a trusted key has signed it."""
    entry = Packed(name=name, bytes_=1, sha256=sha256(b"a").hexdigest())
    manifest = Manifest(**draft().model_dump(), sequence=1, files=[entry])
    assert "is no name of a rule file" in refusal(signed(line_of(manifest), b"a"))


@pytest.mark.parametrize("name", ["x\\y.yml", "x/\udcff.yml"])
def test_such_a_file_is_not_packed(name: str) -> None:
    """The publisher hears of it, and not the worker."""
    with pytest.raises(BundleError, match="the name has characters that no bundle takes: rename it"):
        bundle(files={name: b"a"})


def test_a_name_that_comes_twice_is_refused() -> None:
    """Which of the two counts would be anybody's guess."""
    entry = Packed(name="x/y.yml", bytes_=1, sha256=sha256(b"a").hexdigest())
    manifest = Manifest(**draft().model_dump(), sequence=1, files=[entry, entry])
    assert "'x/y.yml' is no name of a rule file, or not in order" in refusal(signed(line_of(manifest), b"aa"))


def test_a_manifest_with_another_spelling_is_refused() -> None:
    """A signed manifest has one form, and no keys of its own."""
    assert "none of this version" in refusal(signed(b"{}", b""))
    spaced = line_of(Manifest(**draft().model_dump(), sequence=1, files=[])).replace(b'":1', b'": 1')
    assert "none of this version" in refusal(signed(spaced, b""))


def test_sizes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole, and every file as in a rule directory."""
    monkeypatch.setattr(module, "bytes_max_of", lambda name: 2)
    assert "is not what its manifest says" in refusal(bundle())
    monkeypatch.setattr(module, "BUNDLE_BYTES_MAX", 100)
    assert "unreadable: b: it has more than 100 bytes" in refusal(bundle())
