"""Thousands of worlds in which everything goes wrong, and none of which may show it."""

from __future__ import annotations

from tests.sim.auditor import audit
from tests.sim.profiles import SEED, WORLDS, replay_command
from tests.sim.simulation import simulate
from tests.sim.world import EXACTLY_ONCE, draw


def test_what_befalls_the_workers_leaves_no_trace() -> None:
    """Nothing is lost or different, and under exactly once nothing is there twice, in any world drawn."""
    alerts = 0
    for seed in range(SEED, SEED + WORLDS):
        world = draw(seed)
        history = simulate(world)
        alerts += len(history.alerts)
        problems = "\n".join(audit(history))
        assert not problems, f"{world}\n{problems}\n{replay_command(seed)}"
    assert alerts > WORLDS


def test_a_seed_gives_the_same_run_again() -> None:
    """Step by step: a world that failed can be looked at."""
    for seed in range(SEED, SEED + 5):
        first, second = simulate(draw(seed)), simulate(draw(seed))
        assert (first.trace, first.steps) == (second.trace, second.steps)
        assert [told.value for told in first.alerts] == [told.value for told in second.alerts]


def test_the_worlds_are_of_every_kind() -> None:
    """Both guarantees, several partitions, crashes and every blow are among those that CI runs."""
    worlds = [draw(seed) for seed in range(SEED, SEED + 120)]
    assert {world.guarantee == EXACTLY_ONCE for world in worlds} == {True, False}
    assert {world.partitions for world in worlds} == {1, 2, 3}
    assert len({blow.kind for world in worlds for blow in world.blows}) == 9
    assert sum(bool(world.crashes) for world in worlds) > 40
