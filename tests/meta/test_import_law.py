"""Who may import whom."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_import_law_holds() -> None:
    """import-linter finds no room that imports what is to its left, and no I/O in the fold."""
    command = Path(sys.executable).with_name("lint-imports")
    ran = subprocess.run(
        [command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stdout


def test_every_room_is_under_the_law() -> None:
    """A new room cannot be forgotten."""
    law = (ROOT / ".importlinter").read_text(encoding="utf-8").split("[importlinter:contract:pure]")[0]
    rooms = {path.parent.name for path in (ROOT / "fraudstream").glob("*/__init__.py")}
    assert [room for room in sorted(rooms) if f"fraudstream.{room}" not in law] == []
