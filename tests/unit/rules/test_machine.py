"""How a program runs: blocks, shared registers, what it leaves, and texts that are tested once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fraudstream.events.interning import Interner
from fraudstream.rules.compile import condition, expression
from fraudstream.rules.linked import Linked, link
from fraudstream.rules.parse import parse
from fraudstream.rules.program import Program
from fraudstream.rules.vectors import Vectors
from tests.unit.rules.expressions import SCOPE, view_of

MANY = 1_300
"""More than two blocks of events."""
CONDITIONS = [
    "tries > 5 and size < 90 and n in [1, 2, 3]",
    "not (tries % 7 == 0 or tries + size > 100)",
    "least(tries, size) * 2 > n or weight > 0.5",
    'purpose in ["a", "b"] or amount_usd between 1 USD and 7 USD',
    'contains(purpose, "a") and tries is not null',
]


def judged(texts: list[str], interner: Interner) -> tuple[Linked, list[int]]:
    """Return a linked program that judges some conditions, and their slots."""
    program = Program()
    slots = [condition(program, parse(text), SCOPE).slot for text in texts]
    for row, slot in enumerate(slots):
        program.judge(program.registers[slot], row)
    return link(program, interner), slots


def test_what_shares_registers_in_blocks_is_what_each_event_gives_alone() -> None:
    """Hits, counts and the events that were hit agree with the values that are put into words."""
    rng = np.random.default_rng(5)
    drawn = rng.integers(0, 100, (MANY, 4)).tolist()
    events = [
        {
            "tries": tries if tries % 11 else None,
            "size": size,
            "n": n % 5,
            "weight": size / 100,
            "purpose": "abc"[n % 3] if tries % 5 else None,
            "amount": amount * 10,
            "currency": "USD",
        }
        for tries, size, n, amount in drawn
    ]
    interner = Interner()
    linked, slots = judged(CONDITIONS, interner)
    inputs = linked.inputs(view_of(events, interner))
    found = linked.run(inputs)
    vectors = Vectors(linked, inputs)
    vectors.keep(range(MANY))
    expected = np.array([[vectors[slot].at(event) for event in range(MANY)] for slot in slots], object)
    assert np.array_equal(found.hits, expected == True)  # noqa: E712
    counts = [[(row == wanted).sum() for wanted in (True, False, None)] for row in expected]
    assert found.counts.tolist() == counts
    assert np.array_equal(found.hit, found.hits.any(axis=0))


def test_results_apart_leave_alone_what_is_kept() -> None:
    """Whoever asks for other events reads the same values, and the kept ones are not computed again."""
    interner = Interner()
    linked, slots = judged(CONDITIONS, interner)
    events = [{"tries": n, "size": n, "n": n, "weight": 1.0, "purpose": "a"} for n in range(9)]
    vectors = Vectors(linked, linked.inputs(view_of(events, interner)))
    vectors.keep([0, 1])
    before = [vectors[slot].at(1) for slot in slots]
    apart = vectors.apart([7, 3])
    assert [apart[slot].at(3) for slot in slots] == [vectors.apart(range(9))[slot].at(3) for slot in slots]
    assert [vectors[slot].at(1) for slot in slots] == before
    assert set(vectors._columns) == {0, 1}


def test_equal_expressions_are_computed_once() -> None:
    """Also where one is the other's opposite, or written the other way round."""
    program = Program()
    for text in ("tries > 5", "5 < tries", "not tries <= 5", "tries > 5.0", "tries > 5.5 or tries > 5"):
        condition(program, parse(text), SCOPE)
    comparisons = [each for each in program.instructions if len(each.operands) == 2]
    assert len(comparisons) == 1


def test_masks_and_numbers_are_left_as_the_other_stages_read_them() -> None:
    """A mask is what is surely true and has a value; a float is NaN where it is unknown."""
    program, interner = Program(), Interner()
    wanted = program.registers[condition(program, parse("tries > 1"), SCOPE).slot]
    weight = program.registers[expression(program, parse("weight"), SCOPE).slot]
    size = program.registers[expression(program, parse("size"), SCOPE).slot]
    assert [
        program.emit_mask(wanted, weight),
        program.emit_mask(None, size),
        program.emit_mask(wanted, None),
    ] == [0, 1, 2]
    program.emit_whole(size)
    program.emit_real(weight)
    program.emit_real(size)
    linked = link(program, interner)
    events: list[dict[str, Any]] = [{"tries": 2, "size": 7}, {"tries": 2, "weight": 0.5}, {"weight": 0.5}]
    found = linked.run(linked.inputs(view_of(events, interner)))
    assert found.masks.T.tolist() == [[False, True, True], [True, False, True], [False, False, False]]
    assert found.wholes[0, 0] == 7
    np.testing.assert_array_equal(found.reals, [[np.nan, 7.0], [0.5, np.nan], [0.5, np.nan]])


def test_every_distinct_text_is_tested_once() -> None:
    """Until the interner gives codes of forgotten texts to others."""
    asked: list[str] = []

    def ask(text: str) -> bool:
        asked.append(text)
        return text == "a"

    program, interner = Program(), Interner()
    codes = program.registers[expression(program, parse("purpose"), SCOPE).slot]
    program.judge(program.text_test(codes, "ask", ask), 0)
    linked = link(program, interner)

    def hits(*purposes: str | None) -> list[bool]:
        found = linked.run(linked.inputs(view_of([{"purpose": each} for each in purposes], interner)))
        return list(found.hits[0].tolist())

    assert hits("a", "b", None, "a") == [True, False, False, True]
    assert hits("b", "c", "a") == [False, False, True]
    assert asked == ["a", "b", "c"]
    interner.release(2**62)
    assert hits("b", "a") == [False, True]
    assert asked == ["a", "b", "c", "b", "a"]


def test_a_program_is_linked_to_any_interner() -> None:
    """Compiling knows no codes, so the words of a rule survive a release and mean the same everywhere."""
    program = Program()
    slot = condition(program, parse('purpose in ["x", "y"] and debtor.country != "US"'), SCOPE).slot
    program.judge(program.registers[slot], 0)
    first, second = Interner(), Interner()
    second.codes(["US", "other", "y"])
    for interner in (first, second):
        linked = link(program, interner)
        interner.release(2**62)
        events = [{"purpose": "y", "debtor.country": "GB"}, {"purpose": "z", "debtor.country": "GB"}]
        found = linked.run(linked.inputs(view_of(events, interner)))
        assert found.hits[0].tolist() == [True, False]


@pytest.mark.parametrize("events", [0, 1, 511, 512, 513])
def test_a_batch_may_have_any_length(events: int) -> None:
    """Nothing, a block, and one event more or less."""
    interner = Interner()
    linked, _ = judged(["tries > 1"], interner)
    found = linked.run(linked.inputs(view_of([{"tries": 2}] * events, interner)))
    assert found.counts.tolist() == [[events, 0, 0]]
