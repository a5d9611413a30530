"""The guide for compliance officers says what its commands print, from Monday to live."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from fraudstream.stream.embedded import free_port
from tests.guide import replayed, settled, shell

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "compliance.md"
WRITE = bool(os.environ.get("FRAUDSTREAM_WRITE_GUIDE"))
"""`make guide` writes what is printed now."""


def test_the_guide_is_true(kafka: str, tmp_path: Path) -> None:
    """Each command runs in order against a real broker and a real worker, and prints what stands there."""
    port = free_port()
    names = {
        "localhost:9092": kafka,
        ":9464": f":{port}",
        "port: 9464": f"port: {port}",
        "--port 9464": f"--port {port}",
        "/srv": str(tmp_path),
    }
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    said = GUIDE.read_text()
    with shell(tmp_path, environment) as run:
        found = replayed(said, run, names)
    if WRITE:
        GUIDE.write_text(found)
    assert settled(found) == settled(GUIDE.read_text())
