"""Who asks for known vulnerabilities says so when nobody answers; the list of parts is that of the lock."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.places import DEPLOY, ROOT, VERSION

CLEAN = {"name": "a", "version": "1", "vulns": []}
BAD = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
UNASKED = {"name": "c", "skip_reason": "not found"}


def audit() -> Any:
    """Return the script as a module."""
    spec = importlib.util.spec_from_file_location("audit", DEPLOY / "supply_chain" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("report", "code", "line"),
    [
        ([CLEAN], 0, "audit: 1 packages, no known vulnerability"),
        ([CLEAN, BAD], 1, "b 2: PYSEC-1, mended in 3"),
        ([CLEAN, UNASKED], 1, "c: not looked up: not found"),
        ([UNASKED], 3, "could not be asked about any of 1 packages (not found)"),
        ([], 3, "could not be asked about any of 0 packages"),
    ],
)
def test_silence_is_no_good_news(report: list[dict[str, Any]], code: int, line: str) -> None:
    """Found, not looked up, and nobody there are three things."""
    found, lines = audit().judged(report)
    assert found == code
    assert len(lines) == 1
    assert line in lines[0]


def test_the_list_of_parts_is_that_of_the_lock(tmp_path: Path) -> None:
    """Each package with its version and its hashes, as `make sbom` writes it, byte by byte each time."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", "")
    (line,) = re.findall(r"^\t@\$\(BIN\)/python -W \S+ (-m cyclonedx_py .*)$", makefile, re.MULTILINE)
    written = []
    for name in ("one", "two"):
        words = line.replace("dist/fraudstream.cdx.json", str(tmp_path / name)).split()
        subprocess.run([sys.executable, *words, "--no-validate"], cwd=ROOT, check=True, capture_output=True)
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    parts = json.loads(written[0])
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = set(re.findall(r"^([\w.-]+)==([\w.+!-]+)", lock, re.MULTILINE))
    assert {(each["name"], each["version"]) for each in parts["components"]} == pins
    assert all(each["externalReferences"][0]["hashes"] for each in parts["components"])
    whole = parts["metadata"]["component"]
    assert (whole["name"], whole["version"]) == ("fraudstream", VERSION)
