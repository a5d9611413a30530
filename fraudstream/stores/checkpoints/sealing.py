"""Compresses, names and encrypts; and undoes it, where nobody has changed anything."""

from __future__ import annotations

import os
from hashlib import blake2b

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fraudstream.stores.checkpoints.errors import CheckpointError, DamagedError

KEY_BYTES = 32
_LEVEL = 1
"""Measured on the state of an engine: level 3 takes a third longer and saves a twentieth."""
_NONCE_BYTES = 12


class Seal:
    """What only the holder of the key can make and open; without a key, compression and checksums only."""

    def __init__(self, key: bytes | None) -> None:
        if key is not None and len(key) != KEY_BYTES:
            what = f"the encryption key has {len(key)} bytes"
            raise CheckpointError(what, "checkpoints", f"give {KEY_BYTES} random bytes")
        self._naming = b"" if key is None else _derived(key, b"chunk names")
        self._cipher = None if key is None else AESGCM(_derived(key, b"encryption"))
        self.key_id = None if key is None else _derived(key, b"key id")[:8].hex()
        """Tells which key was used and nothing of the key itself; None without a key."""
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL)
        self._decompressor = zstandard.ZstdDecompressor()

    def name(self, plain: bytes | memoryview) -> str:
        """Return the name of a chunk, which is its checksum too; with a key it tells nothing to others."""
        return blake2b(plain, digest_size=20, key=self._naming, person=b"fraudstream").hexdigest()

    def close_chunk(self, plain: bytes | memoryview, name: str) -> bytes:
        """Return a chunk as it is kept."""
        return self.encrypted(self._compressor.compress(plain), name.encode())

    def open_chunk(self, kept: bytes, name: str, length: int) -> bytes:
        """Return the `length` bytes of a chunk; DamagedError where they are not those that were kept."""
        compressed = self.decrypted(kept, name.encode())
        try:
            # Asked first: a damaged length would have all memory reserved.
            whole = zstandard.frame_content_size(compressed) == length
            plain = self._decompressor.decompress(compressed) if whole else b""
        except zstandard.ZstdError:
            plain = b""
        if len(plain) != length or self.name(plain) != name:
            raise DamagedError(f"chunk {name} is damaged")
        return plain

    def encrypted(self, plain: bytes, bound: bytes) -> bytes:
        """Return the bytes encrypted and bound to other bytes, as they are without a key."""
        if self._cipher is None:
            return plain
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, bound)

    def decrypted(self, kept: bytes, bound: bytes) -> bytes:
        """Return what was encrypted; DamagedError where it is not what this key and `bound` made."""
        if self._cipher is None:
            return kept
        try:
            return self._cipher.decrypt(kept[:_NONCE_BYTES], kept[_NONCE_BYTES:], bound)
        except (InvalidTag, ValueError):
            raise DamagedError(f"{bound[:64]!r} is not what the key has sealed") from None


def _derived(key: bytes, use: bytes) -> bytes:
    """Return a key of its own for each use."""
    return blake2b(use, digest_size=KEY_BYTES, key=key).digest()
