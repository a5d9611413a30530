"""Tokens and ciphertexts: equal for equal texts under one key, and of no use without it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraudstream.engine.privacy.keyring import Keyring, KeyringError

OLD, NEW = bytes(range(32)), bytes(range(32, 64))


def keyring(active: str = "new") -> Keyring:
    """Return an old and a new key."""
    return Keyring({"old": OLD, "new": NEW}, active)


def test_tokens_are_those_of_the_active_key() -> None:
    """The same text gives the same token, with the id of the key in it; another key gives another."""
    old, new = keyring("old").token("Jo Canary"), keyring().token("Jo Canary")
    assert (old, new) == ("tok:old:GjBrsCH1oI2li57ZAbUVJQ", "tok:new:eC_SpMAmi0XwzJa5DgSYGw")
    assert list(keyring().tokens("Jo Canary")) == [old, new]
    assert keyring().token("Jo canary") != new


def test_what_an_old_key_has_made_can_be_opened() -> None:
    """Old and new key ids live side by side; what is new is made with the active one."""
    before, now = keyring("old").encrypted("Jo Canary"), keyring().encrypted("Jo Canary")
    assert before.startswith("enc:old:")
    assert now.startswith("enc:new:")
    text = f"creditor.name is {before}; again {now}, purpose is {keyring().token('rent')}"
    known = {keyring().token("rent"): "rent"}
    assert keyring().revealed(text, known) == "creditor.name is Jo Canary; again Jo Canary, purpose is rent"
    assert Keyring({"new": NEW}, "new").revealed(before, {}) == before


@given(st.text(max_size=1_024))
def test_every_text_can_be_opened(text: str) -> None:
    """Whatever it is, deterministically, with nothing of it to be seen."""
    keys = keyring()
    sealed = keys.encrypted(text)
    assert sealed == keyring().encrypted(text)
    assert keys.revealed(sealed, {}) == text
    assert len(text) < 4 or text not in sealed.removeprefix("enc:new:")


@pytest.mark.parametrize("sealed", ["enc:new:AAAA", "enc:new:" + "A" * 60, "enc:new:A", "enc:gone:AAAA"])
def test_what_the_keys_have_not_made_stays(sealed: str) -> None:
    """An event may hold a text that looks like a ciphertext."""
    assert keyring().revealed(f"see {sealed}", {}) == f"see {sealed}"


def test_a_changed_ciphertext_stays_closed() -> None:
    """Nobody can make another text of one."""
    sealed = keyring().encrypted("Jo Canary")
    changed = sealed[:-3] + ("A" if sealed[-3] != "A" else "B") + sealed[-2:]
    assert keyring().revealed(changed, {}) == changed


def test_a_keyring_shows_no_key() -> None:
    """Neither printed nor in what is wrong with it."""
    assert repr(keyring()) == "Keyring(old, new; active: new)"
    with pytest.raises(KeyringError, match="key k has 3 bytes: give 32 random ones"):
        Keyring({"k": b"abc"}, "k")
    with pytest.raises(KeyringError, match="there is no key other: name one of old"):
        Keyring({"old": OLD}, "other")
