"""The median of a window from counted buckets, with a pointer that follows it."""

from __future__ import annotations

from fraudstream.events.jit import Integer, called
from fraudstream.features.buckets import bucket_of, middle_of
from fraudstream.features.distinct import count_entry, entry
from fraudstream.features.plan import Plan
from fraudstream.features.state import State

# Words of a cell: values in the window, how many of them lie in buckets before the pointer, the pointer.
VALUES, BELOW, POINTER = range(3)


@called
def change_median(
    state: State, plan: Plan, cell: Integer, at: Integer, value: Integer, step: Integer
) -> None:
    """Add or remove the value of an event."""
    bucket = bucket_of(plan.buckets, value)
    count_entry(state, cell, at, bucket, step)
    state.words[at + VALUES] += step
    if bucket < state.words[at + POINTER]:
        state.words[at + BELOW] += step


@called
def read_median(state: State, plan: Plan, at: Integer) -> tuple[bool, Integer]:
    """Return whether there is a lower median, and what its bucket stands for.

    The pointer walks to the bucket of rank ceil(n / 2); it stays near, as a median moves little per event.
    """
    words = state.words
    if words[at + VALUES] == 0:
        return False, 0
    rank = (words[at + VALUES] + 1) >> 1
    bucket, below = words[at + POINTER], words[at + BELOW]
    while below >= rank:
        bucket -= 1
        below -= entry(state, at, bucket)
    inside = entry(state, at, bucket)
    while below + inside < rank:
        below += inside
        bucket += 1
        inside = entry(state, at, bucket)
    words[at + POINTER], words[at + BELOW] = bucket, below
    return True, middle_of(plan.buckets, bucket)
