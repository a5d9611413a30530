"""Keys are made once, kept from others, and told apart from what is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudstream.stores.bundles.errors import BundleError
from fraudstream.stores.bundles.keys import read_public_key, read_signing_key, verifies, write_key_pair


def refusal(path: Path | None, environment: dict[str, str] | None = None) -> str:
    """Return why a private key is not read."""
    with pytest.raises(BundleError) as caught:
        read_signing_key(path, environment or {})
    return str(caught.value)


def test_a_pair_signs_and_verifies(tmp_path: Path) -> None:
    """The private file signs, the public one names the same key, and only the owner reads the first."""
    made = write_key_pair(tmp_path / "k")
    read = read_signing_key(tmp_path / "k")
    public = read_public_key(tmp_path / "k.pub")
    assert public == made.public == read.public
    assert verifies(public, read.sign(b"words"), b"words")
    assert not verifies(public, read.sign(b"words"), b"other words")
    assert not verifies("no hex", "no hex", b"words")
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o600


def test_the_environment_may_hold_the_key(tmp_path: Path) -> None:
    """For machines that have secrets and no files; a file that is named goes first."""
    made = write_key_pair(tmp_path / "k")
    environment = {"FRAUDSTREAM_SIGNING_KEY": (tmp_path / "k").read_text()}
    assert read_signing_key(None, environment).public == made.public
    other = write_key_pair(tmp_path / "other")
    assert read_signing_key(tmp_path / "other", environment).public == other.public


@pytest.mark.parametrize("taken", ["k", "k.pub"])
def test_no_key_is_overwritten(tmp_path: Path, taken: str) -> None:
    """Nothing is written where one of the two files is there."""
    (tmp_path / taken).write_text("mine")
    with pytest.raises(BundleError, match=f"{taken}: is there already: choose another path"):
        write_key_pair(tmp_path / "k")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(taken, "mine")]


def test_what_is_no_key_is_told(tmp_path: Path) -> None:
    """A missing file, another file, a public key for a private one, a key that others can read, and none."""
    write_key_pair(tmp_path / "k")
    other = tmp_path / "other"
    other.write_text("no key")
    other.chmod(0o600)
    assert "cannot be read (No such file or directory): check the path" in refusal(tmp_path / "none")
    assert "is no private ed25519 key in PEM" in refusal(other)
    assert "FRAUDSTREAM_SIGNING_KEY: is no private" in refusal(None, {"FRAUDSTREAM_SIGNING_KEY": "x"})
    assert "--key: there is no key to sign with: name a file, or set FRAUDSTREAM_SIGNING_KEY" in refusal(None)
    with pytest.raises(BundleError, match=r"is no public ed25519 key in PEM: name the \.pub file"):
        read_public_key(tmp_path / "k")
    (tmp_path / "k").chmod(0o640)
    assert "others can read the private key: chmod 600 it" in refusal(tmp_path / "k")
