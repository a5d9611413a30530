"""The states that models start from: files beside the model files; what they say is the scorers' affair."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from fraudstream.rules.yaml_file import YamlFile

MODELS_DIRECTORY = "models"
STATE_SUFFIX = ".state"
START_FROM = "start_from"


@dataclass(frozen=True)
class Start:
    """What a model begins with: a file of the rule directory by its name; two are equal if their bytes are.

    `content` is None where there is no such file.
    """

    name: str
    content: bytes | None = field(repr=False, compare=False)
    digest: str = ""

    @classmethod
    def of(cls, name: str, content: bytes | None) -> Start:
        """Return the start from a file."""
        return cls(name, content, "" if content is None else hashlib.sha256(content).hexdigest())


def is_state(name: str) -> bool:
    """Whether a file of a rule directory holds what a model has learned."""
    path = PurePosixPath(name)
    return path.parts[0] == MODELS_DIRECTORY and path.suffix == STATE_SUFFIX


def start_of(file: YamlFile, named: str | None, files: Mapping[str, bytes]) -> Start | None:
    """Return what a model file names to start from, None where it names nothing."""
    if named is None:
        return None
    name = (PurePosixPath(file.name).parent / named).as_posix()
    return Start.of(name, files.get(name))


def digests(starts: Iterable[Start | None]) -> dict[str, str]:
    """Return the hashes of the files that models start from, by name."""
    return {start.name: start.digest for start in starts if start is not None}


def unused_states(starts: Iterable[Start | None], files: Iterable[str]) -> tuple[str, ...]:
    """Return the states that no model starts from."""
    return tuple(sorted(set(filter(is_state, files)) - set(digests(starts))))
