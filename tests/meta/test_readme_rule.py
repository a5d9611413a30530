"""The first rule of the README, taken at its word."""

from __future__ import annotations

import re
from pathlib import Path

from fraudstream.engine.selftest import run_cases
from fraudstream.events.schema import Schema
from fraudstream.rules.ruleset import build_ruleset
from fraudstream.stores.rule_directory import read_files

ROOT = Path(__file__).parents[2]


def test_the_first_rule_of_the_readme_works_as_written() -> None:
    """The rule and its reason code, put where the README says, load and pass their own tests."""
    readme = (ROOT / "README.md").read_text()
    rule = re.search(r"```yaml\n(schema: fraudstream\.rule/v1.*?)```", readme, re.DOTALL)
    reason = re.search(r"`(  [A-Z_]+: [^`]+)` to `rules/reason_codes.yml`", readme)
    assert rule
    assert reason
    files = read_files(ROOT / "rules")
    files["fraud/night-gold.yml"] = rule[1].encode()
    files["reason_codes.yml"] += reason[1].encode() + b"\n"
    results = [
        result for result in run_cases(build_ruleset(files), Schema()) if result.rule_id == "FRD-GLD-001"
    ]
    assert [result.problem for result in results] == [None, None]
