"""Every room explains itself, and has tests."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = sorted(path.parent for path in ROOT.glob("fraudstream/*/__init__.py"))
EXPLAINED = [*ROOMS, *(ROOT / name for name in ("rules", "topologies", "deploy", "tests", "loadtest"))]


@pytest.mark.parametrize("room", EXPLAINED, ids=lambda room: room.name)
def test_every_room_has_a_readme(room: Path) -> None:
    """A heading and a few sentences for who comes in."""
    text = (room / "README.md").read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert len(text) > 200


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_every_room_has_unit_tests(room: Path) -> None:
    """The tests mirror the package."""
    assert list((ROOT / "tests" / "unit" / room.name).glob("test_*.py"))
