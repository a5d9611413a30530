"""Saves and brings back the arrays that make up a scorer's state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from fraudstream.scorers.protocol import ScorerError, Snapshot

MODEL = "model"
"""The entry of a snapshot that says which model it is of."""


def capture(model: str, live: Mapping[str, NDArray[Any]]) -> Snapshot:
    """Copy the live arrays of a model."""
    return {MODEL: model, **{name: array.copy() for name, array in live.items()}}


def check(snapshot: Snapshot, model: str, live: Mapping[str, NDArray[Any]]) -> None:
    """Raise ScorerError unless the snapshot is of this model and fits its live arrays."""
    if snapshot.get(MODEL) != model:
        raise ScorerError(
            f"the snapshot is of the model {snapshot.get(MODEL)!r}, this one is {model!r}: "
            "go back to that model file, or start this model anew without the snapshot"
        )
    for name, array in live.items():
        saved = entry(snapshot, name)
        if (saved.shape, saved.dtype) != (array.shape, array.dtype):
            raise damaged(name)


def overwrite(snapshot: Snapshot, live: Mapping[str, NDArray[Any]]) -> None:
    """Write a checked snapshot over the live arrays."""
    for name, array in live.items():
        array[...] = entry(snapshot, name)


def entry(snapshot: Snapshot, name: str) -> NDArray[Any]:
    """Return one array of a snapshot; ScorerError where it is missing."""
    saved = snapshot.get(name)
    if saved is None or isinstance(saved, str):
        raise damaged(name)
    return saved


def damaged(name: str) -> ScorerError:
    """Return what to raise where an entry cannot be gone on from."""
    return ScorerError(
        f"the snapshot's entry {name!r} is missing or does not fit: it is damaged or of another "
        "version; take an older one, or start the model anew without it"
    )
