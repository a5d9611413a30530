"""One short run, ended at each of its steps in turn."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from tests.sim.auditor import audit
from tests.sim.profiles import STEPS_BETWEEN_CRASHES
from tests.sim.simulation import simulate
from tests.sim.world import AT_LEAST_ONCE, EXACTLY_ONCE, Blow, World, draw_messages

SECONDS = 6.0


def short(guarantee: str, partitions: int) -> World:
    """Return a world of one worker in which the rules change once, and which is over soon."""
    messages = draw_messages(Random(3), partitions, SECONDS)
    blows = (Blow(SECONDS / 2, "reload"),)
    return World(
        1, partitions, guarantee, messages=messages, blows=blows, checkpoint_seconds=0.5, horizon=SECONDS
    )


@pytest.mark.parametrize("partitions", [1, 2])
@pytest.mark.parametrize("guarantee", [AT_LEAST_ONCE, EXACTLY_ONCE])
def test_a_worker_may_die_at_any_step(guarantee: str, partitions: int) -> None:
    """Wherever it stands, in a commit, a checkpoint or a change of rules, its successor makes it good."""
    world = short(guarantee, partitions)
    unbroken = simulate(world)
    assert audit(unbroken) == []
    deaths = 0
    for step in range(1, unbroken.steps_by_process["worker 0"], STEPS_BETWEEN_CRASHES):
        history = simulate(replace(world, crashes=(step,)))
        deaths += len(history.steps_by_process) - 1
        assert not audit(history), f"{guarantee}, killed at step {step}: {audit(history)}"
    assert deaths > 100
