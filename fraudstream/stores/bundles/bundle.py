"""A bundle: the files of a ruleset in one signed file.

Line one names the key and its signature of line two, the manifest, which has name, size and hash of every
file; their contents follow, end to end. Nothing else can be said in it: no link, no mode, no place outside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import Field

from fraudstream.stores.bundles.canonical import (
    HEX_32_BYTES,
    HEX_64_BYTES,
    PERSON,
    SEQUENCE_MAX,
    TIME,
    Record,
    line_of,
    parsed,
)
from fraudstream.stores.bundles.errors import TAMPERED, UNFIT, UNREADABLE, BundleError
from fraudstream.stores.bundles.keys import SigningKey, verifies
from fraudstream.stores.rule_directory import BYTES_MAX, FILES_MAX, bytes_max_of, is_rule_name

HEADER_BYTES_MAX = 1_000
MANIFEST_BYTES_MAX = 8 * 1_048_576
BUNDLE_BYTES_MAX = HEADER_BYTES_MAX + MANIFEST_BYTES_MAX + BYTES_MAX
NAME_CHARS_MAX = 1_000
COMMENT_CHARS_MAX = 2_000
_SIGNED = b"fraudstream.bundle/v1\n"
"""Goes before what is signed: a signature of anything else is never one of a bundle."""
_REMEDY = "publish it again, and look who can write there"


class Header(Record):
    """Who has signed."""

    schema_: Literal["fraudstream.bundle/v1"] = Field("fraudstream.bundle/v1", alias="schema")
    key: str | None = Field(None, pattern=HEX_32_BYTES)
    signature: str | None = Field(None, pattern=HEX_64_BYTES)


class Packed(Record):
    """One file."""

    name: str = Field(max_length=NAME_CHARS_MAX)
    bytes_: int = Field(alias="bytes", ge=0)
    sha256: str = Field(pattern=HEX_32_BYTES)


class Draft(Record):
    """What a publisher says of a ruleset.

    Attributes
    ----------
    ruleset
        Its version.
    published_at
        When, in UTC.
    repeats
        The sequence of the earlier bundle that a rollback publishes again.
    """

    ruleset: str = Field(pattern=r"^[0-9a-f]{1,64}$")
    published_at: str = Field(pattern=TIME)
    author: str = Field(pattern=PERSON)
    comment: str = Field("", max_length=COMMENT_CHARS_MAX)
    repeats: int | None = Field(None, ge=1, le=SEQUENCE_MAX)


class Manifest(Draft):
    """What is signed; `sequence` tells the newer of two bundles."""

    sequence: int = Field(ge=1, le=SEQUENCE_MAX)
    files: Annotated[list[Packed], Field(max_length=FILES_MAX)]


@dataclass(frozen=True)
class Bundle:
    """A bundle that is whole; `key` is that of its publisher, None where nobody has signed."""

    manifest: Manifest
    files: Mapping[str, bytes]
    key: str | None
    digest: str
    """The hash of all its bytes."""

    def __str__(self) -> str:
        return f"bundle {self.manifest.sequence}, ruleset {self.manifest.ruleset}"


def pack(files: Mapping[str, bytes], draft: Draft, sequence: int, key: SigningKey | None) -> bytes:
    """Return the bytes of a bundle; the same arguments give the same bytes.

    BundleError where a file has a name that no bundle can have.
    """
    names = sorted(files)
    for name in names:
        if not _is_safe(name):
            raise BundleError(UNFIT, repr(name), "the name has characters that no bundle takes", "rename it")
    packed = [
        Packed(name=name, bytes_=len(files[name]), sha256=sha256(files[name]).hexdigest()) for name in names
    ]
    manifest = line_of(Manifest(**draft.model_dump(), sequence=sequence, files=packed))
    header = Header() if key is None else Header(key=key.public, signature=key.sign(_SIGNED + manifest))
    return b"\n".join((line_of(header), manifest, b"".join(files[name] for name in names)))


def unpack(content: bytes, where: object) -> Bundle:
    """Return the bundle that some bytes are; BundleError unless every byte is as its publisher left it.

    Whether that publisher is to be trusted is not asked here.
    """
    if len(content) > BUNDLE_BYTES_MAX:
        what = f"it has more than {BUNDLE_BYTES_MAX} bytes"
        raise BundleError(UNREADABLE, where, what, "publish fewer or smaller files")
    lines = content.split(b"\n", 2)
    header = parsed(lines[0], Header) if len(lines[0]) <= HEADER_BYTES_MAX else None
    if header is None or len(lines) < 3:
        raise BundleError(
            UNREADABLE, where, "is no bundle", "name a file that `fraudstream rules publish` wrote"
        )
    if (header.key is None) != (header.signature is None):
        raise BundleError(TAMPERED, where, "the key or the signature is gone", _REMEDY)
    if header.key and header.signature and not verifies(header.key, header.signature, _SIGNED + lines[1]):
        raise BundleError(TAMPERED, where, "the manifest is not what its key has signed", _REMEDY)
    manifest = parsed(lines[1], Manifest) if len(lines[1]) <= MANIFEST_BYTES_MAX else None
    if manifest is None:
        raise BundleError(TAMPERED, where, "the manifest is none of this version", _REMEDY)
    files = dict(_files(manifest, memoryview(lines[2]), where))
    return Bundle(manifest, files, header.key, sha256(content).hexdigest())


def _files(manifest: Manifest, contents: memoryview, where: object) -> Iterator[tuple[str, bytes]]:
    at, last = 0, ""
    for each in manifest.files:
        if each.name <= last or not _is_safe(each.name):
            raise BundleError(
                TAMPERED, where, f"{each.name!r} is no name of a rule file, or not in order", _REMEDY
            )
        content = bytes(contents[at : at + each.bytes_])
        if each.bytes_ > bytes_max_of(each.name) or sha256(content).hexdigest() != each.sha256:
            raise BundleError(TAMPERED, where, f"{each.name} is not what its manifest says", _REMEDY)
        yield each.name, content
        at, last = at + each.bytes_, each.name
    if at != len(contents):
        raise BundleError(TAMPERED, where, "there is something behind the last file", _REMEDY)


def _is_safe(name: str) -> bool:
    path = PurePosixPath(name)
    plain = name.isprintable() and "\\" not in name and path.as_posix() == name
    return plain and not path.is_absolute() and bool(path.parts) and is_rule_name(name)
