"""Bundles and approvals as the messages of a compacted topic: what their keys say, and what is left there.

The newest message under a key counts, and one without a value takes its key away. Each bundle has a key
of its own, so that compaction keeps the history, and its approval another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fraudstream.stores.bundles.canonical import SEQUENCE_MAX
from fraudstream.stores.bundles.errors import UNREADABLE, BundleError

Message = tuple[bytes | None, bytes | None]
"""Key and value."""
BUNDLE, APPROVAL = "bundle", "approval"
_KEY = re.compile(rb"(bundle|approval):(\d{8,16})")


def key_of(kind: str, sequence: int) -> bytes:
    """Return the key of the bundle, or of the approval, of a sequence."""
    return f"{kind}:{sequence:08}".encode()


@dataclass(frozen=True)
class MessageOffer:
    """A bundle of a topic with its approval."""

    topic: str
    sequence: int
    bundle: bytes
    second: bytes | None

    @property
    def where(self) -> str:
        """Topic and key of the bundle."""
        return f"{self.topic} {key_of(BUNDLE, self.sequence).decode()}"

    @property
    def beside(self) -> str:
        """Topic and key of the approval."""
        return f"{self.topic} {key_of(APPROVAL, self.sequence).decode()}"

    def content(self) -> bytes:
        """Return the bytes of the bundle."""
        return self.bundle

    def approval(self) -> bytes | None:
        """Return the bytes of the approval, None where there is none."""
        return self.second


@dataclass(frozen=True)
class Stray:
    """A message under a key that nobody publishes under."""

    topic: str
    key: bytes | None

    def refusal(self) -> BundleError:
        """Return what is said of it."""
        what = f"the message with the key {self.key!r} is no bundle"
        return BundleError(UNREADABLE, self.topic, what, "look who can write there")


class Messages:
    """What a topic holds by now."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self._held: dict[str, dict[int, bytes]] = {BUNDLE: {}, APPROVAL: {}}

    def take(self, messages: Iterable[Message]) -> list[int | Stray]:
        """Take messages in; return the sequences whose bundle or approval is another now, and strays."""
        found = [self._taken(key, value) for key, value in messages]
        return [each for each in found if each is not None]

    def _taken(self, key: bytes | None, value: bytes | None) -> int | Stray | None:
        name = _KEY.fullmatch(key or b"")
        kind, sequence = (name[1].decode(), int(name[2])) if name else ("", 0)
        if not 1 <= sequence <= SEQUENCE_MAX or key != key_of(kind, sequence):
            return None if value is None else Stray(self.topic, key)
        before = self._held[kind].pop(sequence, None)
        if value is None:
            return None
        self._held[kind][sequence] = value
        return None if value == before else sequence

    def sequences(self) -> Sequence[int]:
        """Return the sequences of all bundles that are there, in order."""
        return sorted(self._held[BUNDLE])

    def bundle(self, sequence: int) -> bytes:
        """Return a bundle that is there."""
        return self._held[BUNDLE][sequence]

    def offer(self, sequence: int) -> MessageOffer | None:
        """Return a bundle with its approval, None where there is no such bundle."""
        bundle = self._held[BUNDLE].get(sequence)
        if bundle is None:
            return None
        return MessageOffer(self.topic, sequence, bundle, self._held[APPROVAL].get(sequence))

    def forget(self, before: int) -> None:
        """Hold no longer what is older than a sequence."""
        for held in self._held.values():
            for sequence in [each for each in held if each < before]:
                del held[sequence]
