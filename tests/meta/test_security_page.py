"""What SECURITY.md names as a proof is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_proof_is_there() -> None:
    """Files and tests, by their paths; each attacker has some, and what is left open."""
    page = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:[\w-]+/)+[\w.-]+\.\w+)`|\]\(([^)#]+)\)", page)
    assert [path for each in named for path in each if path and not (ROOT / path).exists()] == []
    attackers = page.partition("## Attackers")[2].split("\n**")[1:]
    assert len(attackers) == 5
    assert all("| proof |" in each and "Not covered:" in each for each in attackers)
