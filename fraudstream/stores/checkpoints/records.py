"""What callers give to the store and get from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Snapshot = Mapping[str, Any]
"""Nested mappings with text keys; leaves are numpy arrays of any shape and of any type but objects, bytes,
str, int, float, bool, None, and lists of all those."""

PRODUCT = "fraudstream"


@dataclass(frozen=True)
class Identity:
    """Whose checkpoints these are: a shard of a topology that a consumer group runs."""

    group: str
    topology: str
    shard: int

    def __str__(self) -> str:
        return f"group {self.group!r}, topology {self.topology!r}, shard {self.shard}"


@dataclass(frozen=True)
class Meta:
    """What the caller says of a snapshot.

    `positions` are next offsets by input partition; `extra` is any JSON; `rules` are the rule files in
    force, by name, so that a recovery can build their ruleset again. `epoch` grows with every new
    owner of the shard.
    """

    positions: Mapping[int, int]
    epoch: int
    extra: Mapping[str, Any] = field(default_factory=dict)
    rules: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Saved:
    """What a save has done; `sweep_problem` says why old files could not be deleted, where so."""

    epoch: int
    sequence: int
    state_bytes: int  # before compression
    written_bytes: int  # to the store, chunks and manifest
    chunks_new: int
    chunks_reused: int
    seconds: float
    sweep_problem: str | None = None


@dataclass(frozen=True)
class Listed:
    """One checkpoint as its manifest tells it; sizes and seconds as in `Saved`."""

    epoch: int
    sequence: int
    positions: Mapping[int, int]
    extra: Mapping[str, Any]
    state_bytes: int
    written_bytes: int  # of its new chunks
    seconds: float  # until the manifest was written
    written_us: int  # UTC, microseconds since 1970


@dataclass(frozen=True)
class Skipped:
    """A manifest that a load passed over; `is_damaged` is false where the caller did not accept it."""

    manifest: str
    reason: str
    is_damaged: bool


@dataclass(frozen=True)
class Loaded:
    """A whole checkpoint; its arrays are writable and nobody else's."""

    snapshot: dict[str, Any]
    meta: Meta
    listed: Listed
