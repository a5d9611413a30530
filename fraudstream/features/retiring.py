"""How events leave the log, oldest arrival first, once no window can reach them."""

from __future__ import annotations

from fraudstream.events.jit import Integer, called, inlined
from fraudstream.features.evers import let_go
from fraudstream.features.plan import (
    GROUP_AT,
    KEY_GROUPS,
    KEY_GROUPS_END,
    NEVER,
    NIL,
    RETENTION_US,
    Plan,
)
from fraudstream.features.state import (
    FIRST_EVENT,
    FOLLOWING,
    LAST_EVENT,
    LATEST_US,
    LINKS,
    NEXT,
    NUMBERS,
    OLDEST,
    PREVIOUS,
    ROW,
    WATERMARK_US,
    State,
    linked,
    slot,
    time_of,
)
from fraudstream.features.windows import AFTER_US, BEFORE, BEFORE_US, INSIDE, after, change, mend_after


@called
def retire_all(state: State, plan: Plan) -> None:
    """Free the events that lie further back than the retention.

    Called between batches only. Nothing that is read depends on when it is called: windows are cut at the
    same instant whether or not the events behind it are still there.
    """
    horizon_us = state.meta[WATERMARK_US] - plan.limits[RETENTION_US]
    event = state.meta[OLDEST]
    while event < state.meta[NEXT] and time_of(state, event) <= horizon_us:
        for key in range(len(plan.keys)):
            row = linked(state, event, key, ROW)
            if row != NIL:
                _retire(state, plan, key, row, event & NUMBERS, horizon_us)
        event += 1
    state.meta[OLDEST] = event


@inlined
def _retire(
    state: State, plan: Plan, key: Integer, row: Integer, event: Integer, horizon_us: Integer
) -> None:
    """Take an event out of the windows and the list of an entity."""
    words = state.words
    let_go(state, plan, key, row, event)
    for group in range(plan.keys[key, KEY_GROUPS], plan.keys[key, KEY_GROUPS_END]):
        at = row + plan.groups[group, GROUP_AT]
        while words[at + INSIDE] != words[at + BEFORE] and words[at + AFTER_US] <= horizon_us:
            leaving = after(state, key, row, words[at + BEFORE])
            change(state, plan, group, row, leaving, -1)
            words[at + BEFORE] = leaving
            words[at + BEFORE_US] = time_of(state, leaving)
            mend_after(state, key, row, at)
    _unlink(state, key, row, event)
    previous = linked(state, event, key, PREVIOUS)
    for group in range(plan.keys[key, KEY_GROUPS], plan.keys[key, KEY_GROUPS_END]):
        at = row + plan.groups[group, GROUP_AT]
        if words[at + INSIDE] == event:
            words[at + INSIDE] = previous
        if words[at + BEFORE] == event:
            words[at + BEFORE] = previous
            words[at + BEFORE_US] = NEVER if previous == NIL else time_of(state, previous)
        if words[at + BEFORE] == previous:
            mend_after(state, key, row, at)


@inlined
def _unlink(state: State, key: Integer, row: Integer, event: Integer) -> None:
    words = state.words
    before, behind = linked(state, event, key, PREVIOUS), linked(state, event, key, FOLLOWING)
    if before == NIL:
        words[row + FIRST_EVENT] = behind
    else:
        state.links[slot(state, before), LINKS * key + FOLLOWING] = behind
    if behind == NIL:
        words[row + LAST_EVENT] = before
        words[row + LATEST_US] = NEVER if before == NIL else time_of(state, before)
    else:
        state.links[slot(state, behind), LINKS * key + PREVIOUS] = before
