"""Any snapshot comes back from a checkpoint as it was, to the last bit and type."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fraudstream.stores.checkpoints import CheckpointStore
from tests.checkpoint_files import KEY, OWNER, FailingFileSystem, meta, same

dtypes = st.one_of(
    arrays.scalar_dtypes(), arrays.array_dtypes(arrays.scalar_dtypes()), arrays.byte_string_dtypes()
)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    arrays.arrays(dtypes, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)),
)
nested = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@given(
    snapshot=st.dictionaries(st.text(), nested, max_size=4),
    big=arrays.arrays(dtypes, st.just((2_700, 9))),
    key=st.sampled_from([None, KEY]),
)
@settings(max_examples=60, deadline=None)
def test_a_snapshot_comes_back_as_it_was(snapshot: dict[str, Any], big: Any, key: bytes | None) -> None:
    """Also where arrays stand in the order of columns, or have steps between their elements."""
    FailingFileSystem.clear()
    store = CheckpointStore("failing://trees", OWNER, key)
    whole = {"nested": snapshot, "big": big, "columns": big.T, "steps": big[::2, 1:]}
    store.save(whole, meta())
    loaded = store.load()
    assert loaded is not None
    assert same(loaded.snapshot, whole)
