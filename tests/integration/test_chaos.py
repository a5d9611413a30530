"""`make chaos`, in small: every blow once."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtest.blows import possible
from loadtest.chaos import is_clean, run, scene_on
from loadtest.chaos_broker import chaos_broker

pytestmark = pytest.mark.integration

SEED = 1
KILLS = 6
"""Every kind of blow comes with one."""


def test_blows_change_nothing(tmp_path: Path) -> None:
    """Each kind of blow under exactly once: no alert or dead letter is lost, different, or there twice."""
    with (
        chaos_broker(tmp_path / "kafka") as broker,
        scene_on(broker, tmp_path, "exactly_once", SEED, print) as scene,
    ):
        blows = set(possible(scene))
        figures = {**run(scene, KILLS, SEED), "guarantee": "exactly_once"}
    assert figures.keys() >= blows
    assert is_clean(figures), "\n".join(f"{name}: {figure}" for name, figure in figures.items())
