"""The manifests of a shard: files of JSON lines that say which chunks make a checkpoint.

Line one has a checksum of the rest, line two says whose manifest it is, in which format and under which key,
line three is the content; with a key it is encrypted and bound to the file's name and to line two.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from fraudstream.stores.checkpoints.errors import CheckpointError, DamagedError
from fraudstream.stores.checkpoints.files import Files
from fraudstream.stores.checkpoints.records import PRODUCT, Identity, Listed
from fraudstream.stores.checkpoints.sealing import Seal

FOLDER = "manifests"
_NAME = re.compile(r"(\d{10})-(\d{10})\.json")
_OWN_PLACE = "give every shard a place of its own, or remove what does not belong there"

Json = dict[str, Any]


class Lift(NamedTuple):
    """Lifts what one format wrote to the next: the manifest's content, and the snapshot as it was loaded."""

    content: Callable[[Json], Json]
    snapshot: Callable[[Json], Json]


@dataclass(frozen=True)
class Formats:
    """The format that is written, and how older ones are lifted, by the format they are lifted from."""

    current: int = 1
    lifts: Mapping[int, Lift] = field(default_factory=dict)

    def lifts_from(self, number: int) -> list[Lift]:
        """Return the lifts from a format to the current one; KeyError where there is none."""
        return [self.lifts[each] for each in range(number, self.current)]


class Manifest(NamedTuple):
    """A manifest that is what its writer wrote; `content` is lifted to the current format."""

    name: str
    content: Json
    lifts: list[Lift]  # that the snapshot still needs

    @property
    def home(self) -> str:
        """The folder of its chunks."""
        return str(self.content["home"])

    @property
    def chunks(self) -> Mapping[str, int]:
        """Its chunks, with their sizes in the store."""
        found: dict[str, int] = self.content["chunks"]
        return found

    @property
    def listed(self) -> Listed:
        """What a status tells of it."""
        epoch, sequence = numbers_of(self.name)
        content = self.content
        positions = {int(partition): offset for partition, offset in content["positions"].items()}
        sizes = (content["state_bytes"], content["written_bytes"], content["seconds"], content["written_us"])
        return Listed(epoch, sequence, positions, content["extra"], *sizes)


def name_of(epoch: int, sequence: int) -> str:
    """Return the file name of a manifest: the greater name is the newer manifest."""
    return f"{epoch:010}-{sequence:010}.json"


def numbers_of(name: str) -> tuple[int, int]:
    """Return the epoch and the sequence of a manifest's file name."""
    epoch, sequence = name.removesuffix(".json").split("-")
    return int(epoch), int(sequence)


class Manifests:
    """Reads and writes the manifests of one shard."""

    def __init__(self, files: Files, identity: Identity, seal: Seal, formats: Formats) -> None:
        self._files = files
        self._seal = seal
        self._formats = formats
        self._whose = {"product": PRODUCT, **asdict(identity)}
        self._identity = identity

    def names(self) -> list[str]:
        """Return the file names of all manifests, the newest first."""
        return sorted(filter(_NAME.fullmatch, self._files.sizes(FOLDER)), reverse=True)

    def write(self, name: str, content: Json) -> int:
        """Write a manifest, whole or not at all, and return its size in bytes."""
        header = orjson.dumps({**self._whose, "format": self._formats.current, "key": self._seal.key_id})
        body = orjson.dumps(content)
        if self._seal.key_id:
            body = b64encode(self._seal.encrypted(body, _bound(name, header)))
        rest = header + b"\n" + body + b"\n"
        kept = _checksum(rest) + b"\n" + rest
        self._files.write({f"{FOLDER}/{name}": kept})
        self._files.settle(FOLDER)
        return len(kept)

    def read(self, name: str) -> Manifest:
        """Return a manifest; DamagedError where it is not whole, CheckpointError where it is not for us."""
        (kept,) = self._files.read([f"{FOLDER}/{name}"])
        try:
            return self._parsed(name, kept)
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedError(f"the manifest is not understood: {error}") from error

    def _parsed(self, name: str, kept: bytes) -> Manifest:
        checksum, _, rest = kept.partition(b"\n")
        if checksum != _checksum(rest):
            raise DamagedError("the manifest does not have its checksum")
        header, body, *_ = rest.split(b"\n")
        lifts = self._checked(name, orjson.loads(header))
        if self._seal.key_id:
            body = self._seal.decrypted(b64decode(body), _bound(name, header))
        content: Json = orjson.loads(body)
        for lift in lifts:
            content = lift.content(content)
        return Manifest(name, content, lifts)

    def _checked(self, name: str, header: Json) -> list[Lift]:
        """Return the lifts that a manifest needs, once it is ours."""
        where = f"{self._files.url}/{FOLDER}/{name}"
        if any(header.get(part) != own for part, own in self._whose.items()):
            whose = ", ".join(f"{part} {header.get(part)!r}" for part in self._whose)
            what = f"this checkpoint is of {whose}, and not of {self._identity}"
            raise CheckpointError(what, where, _OWN_PLACE)
        if header["key"] != self._seal.key_id:
            raise CheckpointError(*_key_fault(header["key"], self._seal.key_id, where))
        return self._lifts(header["format"], where)

    def _lifts(self, number: int, where: str) -> list[Lift]:
        current = self._formats.current
        if number > current:
            what = f"the checkpoint has format {number}, this version reads up to {current}"
            raise CheckpointError(what, where, "run the version that wrote it, or a newer one")
        try:
            return self._formats.lifts_from(number)
        except KeyError:
            what = f"the checkpoint has format {number}, which this version can no longer lift to {current}"
            remedy = "let a version in between write a checkpoint first"
            raise CheckpointError(what, where, remedy) from None


def _key_fault(theirs: str | None, own: str | None, where: str) -> tuple[str, str, str]:
    if theirs is None:
        what = "this checkpoint is not encrypted, though a key is given"
        return what, where, "take the key away, or give encrypted checkpoints a place of their own"
    if own is None:
        return f"this checkpoint is encrypted with key {theirs}, and no key is given", where, "give that key"
    return f"this checkpoint is encrypted with key {theirs}, not with {own}", where, "give the key it has"


def _bound(name: str, header: bytes) -> bytes:
    return name.encode() + b"\n" + header


def _checksum(rest: bytes) -> bytes:
    return blake2b(rest, digest_size=32, person=b"fraudstream").hexdigest().encode()
