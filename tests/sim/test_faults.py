"""Would the auditor notice? Each promise is broken on purpose."""

from __future__ import annotations

import pytest

from tests.sim.auditor import audit
from tests.sim.faults import FAULTS
from tests.sim.simulation import simulate
from tests.sim.world import draw

SEEDS_MAX = 1_200
"""Some faults show only when several things come together."""


@pytest.mark.parametrize("name", FAULTS)
def test_a_broken_promise_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the fault planted some world fails: where none does, there is no such fault."""
    guarantee, plant, first = FAULTS[name]
    plant(monkeypatch)
    worlds = (world for world in map(draw, range(first, first + SEEDS_MAX)) if world.guarantee == guarantee)
    assert any(audit(simulate(world)) for world in worlds), f"nobody notices when {name}"
