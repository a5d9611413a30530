"""The memory of the feature engine as plain arrays, to be put away and gone on from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from fraudstream.features import state as s
from fraudstream.features.layout import Layout
from fraudstream.features.state import State

LAYOUT = "layout"


class FeatureError(ValueError):
    """State that belongs to other features than those of the store."""


def snapshot_of(layout: Layout, state: State) -> dict[str, Any]:
    """Return a copy of all arrays, and a digest of the layout that gives them their meaning."""
    arrays = {name: array.copy() for name, array in state._asdict().items() if name != "words"}
    # The rest of the words is room to grow.
    arrays["words"] = state.words[: state.meta[s.WORDS_USED]].copy()
    return {LAYOUT: digest(layout), **arrays}


def state_of(layout: Layout, snapshot: Mapping[str, Any]) -> State:
    """Return the memory of a snapshot; FeatureError where it belongs to other features."""
    if snapshot[LAYOUT] != digest(layout):
        raise FeatureError(
            "the snapshot's feature state belongs to other features, columns or limits: restore it with the "
            "ruleset and the settings that made it, then reload"
        )
    return State(**{name: np.array(snapshot[name]) for name in State._fields})


def digest(layout: Layout) -> str:
    """Return a digest of all that says what a word of the state means, but for the conditions themselves."""
    hashed = hashlib.sha256()
    for table in layout.plan:
        hashed.update(repr(table.shape).encode() + table.tobytes())
    hashed.update(
        repr((layout.schema.texts, layout.schema.wholes, layout.schema.reals, layout.given)).encode()
    )
    return hashed.hexdigest()
