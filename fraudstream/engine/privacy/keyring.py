"""Tokens and ciphertexts of texts under named keys: the same text under one key always gives the same.

A token, `tok:KEY:...`, is the HMAC-SHA-256 of the text, cut to 128 bits: nobody can read it, and whoever has
the key can tell whether it is that of a text. A ciphertext, `enc:KEY:...`, is AES-256-GCM, with the nonce
before it and the tag behind it. The nonce is the HMAC of the text under a key of its own, so that two texts
share a nonce only where 96 bits of two HMACs are equal: with 2^32 different texts under one key that has a
chance of 2^-33; NIST SP 800-38D asks for 2^-32. Equal texts give equal ciphertexts, and equal tokens.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
KEY_ID = r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}"
_TOKEN_BYTES, _NONCE_BYTES = 16, 12
_FOUND = re.compile(rf"\b(tok|enc):({KEY_ID}):([A-Za-z0-9_-]+)")


class KeyringError(ValueError):
    """A keyring that cannot be: why, and the remedy."""


class _Key(NamedTuple):
    """What is made with one key, which is never used itself."""

    id: str
    tokens: bytes
    nonces: bytes
    cipher: AESGCM

    @classmethod
    def derived(cls, key_id: str, key: bytes) -> _Key:
        if len(key) != KEY_BYTES:
            raise KeyringError(f"key {key_id} has {len(key)} bytes: give {KEY_BYTES} random ones")
        tokens, nonces, cipher = (
            hmac.digest(key, b"fraudstream privacy v1 " + use, "sha256")
            for use in (b"tokens", b"nonces", b"encryption")
        )
        return cls(key_id, tokens, nonces, AESGCM(cipher))

    def token(self, text: str) -> str:
        return f"tok:{self.id}:{_encoded(_mac(self.tokens, text)[:_TOKEN_BYTES])}"


class Keyring:
    """The keys of a deployment by their ids; what is new is made with the one that is `active`.

    The others stay so that what was made with them can be opened and recognised.
    """

    def __init__(self, keys: Mapping[str, bytes], active: str) -> None:
        self._keys = {key_id: _Key.derived(key_id, key) for key_id, key in keys.items()}
        if active not in self._keys:
            raise KeyringError(f"there is no key {active}: name one of {', '.join(self._keys) or 'them'}")
        self._active = self._keys[active]

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._keys)}; active: {self._active.id})"

    def token(self, text: str) -> str:
        """Return the token of a text under the active key."""
        return self._active.token(text)

    def tokens(self, text: str) -> Iterator[str]:
        """Yield the tokens of a text under all keys, in their order."""
        return (key.token(text) for key in self._keys.values())

    def encrypted(self, text: str) -> str:
        """Return a text encrypted with the active key."""
        key = self._active
        nonce = _mac(key.nonces, text)[:_NONCE_BYTES]
        sealed = key.cipher.encrypt(nonce, text.encode(), key.id.encode())
        return f"enc:{key.id}:{_encoded(nonce + sealed)}"

    def revealed(self, text: str, known: Mapping[str, str]) -> str:
        """Return a text with the ciphertexts in it opened, and the tokens that are `known` by their texts.

        What these keys have not made stays as it is.
        """

        def opened(found: re.Match[str]) -> str:
            whole, kind, key_id, content = found[0], found[1], found[2], found[3]
            if kind == "tok":
                return known.get(whole, whole)
            key = self._keys.get(key_id)
            return whole if key is None else _opened(key, content, whole)

        return _FOUND.sub(opened, text)


def _opened(key: _Key, content: str, otherwise: str) -> str:
    try:
        sealed = urlsafe_b64decode(content + "=" * (-len(content) % 4))
        plain = key.cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], key.id.encode())
    except (InvalidTag, ValueError):
        return otherwise
    return plain.decode()


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
