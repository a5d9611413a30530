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


def bring_back(snapshot: Snapshot, model: str, live: Mapping[str, NDArray[Any]]) -> None:
    """Write a snapshot over the live arrays; where it does not fit, ScorerError, and nothing is written."""
    if snapshot.get(MODEL) != model:
        raise ScorerError(
            f"the snapshot is of the model {snapshot.get(MODEL)!r}, this one is {model!r}: "
            "go back to that model file, or start this model anew without the snapshot"
        )
    saved = {name: _saved(snapshot, name, array) for name, array in live.items()}
    for name, array in live.items():
        array[...] = saved[name]


def _saved(snapshot: Snapshot, name: str, live: NDArray[Any]) -> NDArray[Any]:
    saved = snapshot.get(name)
    if saved is None or isinstance(saved, str) or (saved.shape, saved.dtype) != (live.shape, live.dtype):
        raise ScorerError(
            f"the snapshot's entry {name!r} is no {live.dtype} array of shape {live.shape}: it is damaged "
            "or of another version; take an older one, or start the model anew without it"
        )
    return saved
