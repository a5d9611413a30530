"""Texts as codes: exact, bounded by what is seen, and the same after a snapshot."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fraudstream.events.interning import MISSING, Interner

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.none()


def test_codes_follow_the_order_of_first_appearance_across_batches() -> None:
    """A text keeps its code, a new one gets the next, nothing and the empty text are -1."""
    interner = Interner()
    assert interner.codes(["b", None, "a", "b"]).tolist() == [0, -1, 1, 0]
    assert interner.codes(["a", "c", ""]).tolist() == [1, 2, -1]
    assert [interner.text(code) for code in range(3)] == ["b", "a", "c"]
    assert (interner["c"], interner[None], interner[""], len(interner)) == (2, MISSING, MISSING, 3)


@settings(max_examples=200, deadline=None)
@given(st.lists(texts, max_size=60))
def test_a_code_is_its_text_and_no_other(seen: list[str | None]) -> None:
    """Equal texts have equal codes, unequal ones unequal codes, whatever bytes they are of."""
    interner = Interner()
    codes = interner.codes(seen).tolist()
    known: dict[str, int] = {}
    for text, code in zip(seen, codes, strict=True):
        assert code == (known.setdefault(text, len(known)) if text else MISSING)
        assert not text or interner.text(code) == text


def test_a_text_that_begins_like_another_is_another() -> None:
    """Lengths around the eight bytes that are compared at once, and a zero byte at the end."""
    interner = Interner()
    alike = ["x" * length for length in range(1, 40)] + ["x\0", "x\0\0", "xxxxxxxx\0"]
    assert interner.codes(alike).tolist() == list(range(len(alike)))


def test_many_texts_take_little_memory() -> None:
    """A hundred thousand texts of 12 characters take less than 120 bytes each and keep their codes."""
    interner = Interner()
    many = [f"account{number:05d}" for number in range(100_000)]
    codes = interner.codes(many)
    assert interner.bytes / len(interner) < 120
    assert interner.codes(many[::-1]).tolist() == codes[::-1].tolist()


def test_texts_not_seen_for_long_are_forgotten_and_their_codes_given_again() -> None:
    """What was seen since, or is pinned, stays; memory does not grow while texts come and go."""
    interner = Interner()
    pinned, kept = interner.pin("pinned"), interner["kept"]
    for hour in range(50):
        interner.advance(hour)
        interner.codes([f"{hour}-{number}" for number in range(2_000)] + ["kept"])
        interner.release(hour)
        assert len(interner) == 2_002
    assert (interner["pinned"], interner["kept"]) == (pinned, kept)
    assert int(interner.codes([f"51-{number}" for number in range(2_000)]).max()) < 10_000
    assert interner.text(interner["51-7"]) == "51-7"


def test_a_text_longer_than_any_list_of_released_codes_stays() -> None:
    """It can only be a word of a rule."""
    interner = Interner()
    code = interner["x" * 5_000]
    assert (interner.release(1), interner["x" * 5_000]) == (0, code)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 30)), max_size=200))
def test_released_texts_do_not_disturb_the_others(steps: list[tuple[int, int]]) -> None:
    """After any order of use and release each known text has its own code and reads back."""
    interner, known = Interner(), dict[int, int]()
    for now_us, (number, age_us) in enumerate(steps):
        interner.advance(now_us)
        interner[f"text {number}" * (1 + number % 4)]
        known[number] = now_us
        interner.release(now_us - age_us)
        known = {each: seen_us for each, seen_us in known.items() if seen_us >= now_us - age_us}
        assert len(interner) == len(known)
    names = [f"text {number}" * (1 + number % 4) for number in known]
    codes = interner.codes(names)
    assert len(interner) == len(np.unique(codes)) == len(names)
    assert [interner.text(code) for code in codes.tolist()] == names


def test_a_restored_interner_goes_on_as_the_first() -> None:
    """The same codes for known, released and new texts."""
    first, second = Interner(), Interner()
    first.codes([f"old {number}" for number in range(3_000)])
    first.advance(10)
    first.pin("pinned")
    first.codes([f"new {number}" for number in range(3_000)])
    first.release(5)
    second["something else"]
    second.restore(first.snapshot())
    more = [f"{word} {number}" for word in ("new", "old", "next") for number in range(4_000)]
    assert first.codes(more).tolist() == second.codes(more).tolist()
    assert first.release(20) == second.release(20)
    assert len(first) == len(second) == 1
