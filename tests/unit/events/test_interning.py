"""Texts as codes."""

from __future__ import annotations

from fraudstream.events.interning import Interner


def test_codes_follow_the_order_of_first_appearance_across_batches() -> None:
    """A text keeps its code, a new one gets the next, nothing and the empty text are -1."""
    interner = Interner()
    assert interner.codes(["b", None, "a", "b"]).tolist() == [0, -1, 1, 0]
    assert interner.codes(["a", "c", ""]).tolist() == [1, 2, -1]
    assert [interner.text(code) for code in range(3)] == ["b", "a", "c"]
