"""Ed25519 keys of publishers and approvers, as PEM files that other tools read too."""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from fraudstream.stores.bundles.errors import UNREADABLE, BundleError

ENVIRONMENT = "FRAUDSTREAM_SIGNING_KEY"
"""Holds a private key itself (the text of its PEM file), where no file is named."""
PUBLIC_SUFFIX = ".pub"
_KEY_BYTES_MAX = 10_000
_REMEDY = "make a pair by `fraudstream rules keygen`"


class SigningKey:
    """A private key; `public` are the 64 hex digits by which others know it."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = _hex(private.public_key())

    def sign(self, content: bytes) -> str:
        """Return the signature, 128 hex digits; the same content has the same one."""
        return self._private.sign(content).hex()


def verifies(public: str, signature: str, content: bytes) -> bool:
    """Tell whether the holder of a key has signed the content."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), content)
    except (InvalidSignature, ValueError):
        return False
    return True


def key_id(public: str) -> str:
    """Return a short name of a key for people."""
    return sha256(bytes.fromhex(public)).hexdigest()[:16]


def read_signing_key(path: Path | None, environment: Mapping[str, str] = os.environ) -> SigningKey:
    """Return the private key of a file, or of the environment where none is named; else BundleError."""
    if path is not None:
        return _private(path, _read(path, is_private=True))
    if not environment.get(ENVIRONMENT):
        what = "there is no key to sign with"
        raise BundleError(UNREADABLE, "--key", what, f"name a file, or set {ENVIRONMENT} to what it holds")
    return _private(ENVIRONMENT, environment[ENVIRONMENT].encode())


def read_public_key(path: Path) -> str:
    """Return the public key of a file; BundleError where it has none."""
    try:
        key = load_pem_public_key(_read(path))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise BundleError(
            UNREADABLE, path, "is no public ed25519 key in PEM", f"name the {PUBLIC_SUFFIX} file"
        )
    return _hex(key)


def write_key_pair(path: Path) -> SigningKey:
    """Write a new private key for its owner's eyes only, and the public one beside it; never over another."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    beside = path.with_name(path.name + PUBLIC_SUFFIX)
    for file in (path, beside):
        if file.exists():
            raise BundleError(UNREADABLE, file, "is there already", "choose another path")
    _write(path, private, 0o600)
    _write(beside, public, 0o644)
    return SigningKey(key)


def _private(where: object, content: bytes) -> SigningKey:
    try:
        key = load_pem_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise BundleError(UNREADABLE, where, "is no private ed25519 key in PEM without a password", _REMEDY)
    return SigningKey(key)


def _write(path: Path, content: bytes, mode: int) -> None:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
    except OSError as error:
        what = f"cannot be written ({error.strerror})"
        raise BundleError(UNREADABLE, path, what, "choose another path") from None


def _read(path: Path, *, is_private: bool = False) -> bytes:
    try:
        with path.open("rb") as file:
            if is_private and os.fstat(file.fileno()).st_mode & 0o077:
                raise BundleError(UNREADABLE, path, "others can read the private key", "chmod 600 it")
            return file.read(_KEY_BYTES_MAX)
    except OSError as error:
        raise BundleError(UNREADABLE, path, f"cannot be read ({error.strerror})", "check the path") from None


def _hex(key: Ed25519PublicKey) -> str:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
