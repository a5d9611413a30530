"""Asks whether a locked package has a known vulnerability: `make audit`.

pip-audit asks PyPI, and ends with 0 also where nobody answered. This tells the two apart.
Exit codes: 0 every package was looked up and none has one; 1 some have, or some could not be looked up;
3 none could be looked up, as without a way out of a company's network.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
EXIT_FOUND = 1
EXIT_UNASKED = 3
Report = list[dict[str, Any]]
"""What pip-audit tells of each package: `name`, and `skip_reason` or `version` and `vulns`."""


def judged(report: Report) -> tuple[int, list[str]]:
    """Return the exit code for a report of pip-audit, and lines that say why."""
    skipped = [each for each in report if "skip_reason" in each]
    if len(skipped) == len(report):
        return EXIT_UNASKED, [
            "audit: NOT DONE: the service of known vulnerabilities could not be asked about any of "
            f"{len(report)} packages ({skipped[0]['skip_reason'] if skipped else 'nothing is locked'}): "
            "repeat it where pypi.org can be reached"
        ]
    lines = [*_found(report), *(f"{each['name']}: not looked up: {each['skip_reason']}" for each in skipped)]
    return (EXIT_FOUND if lines else 0), lines or [f"audit: {len(report)} packages, no known vulnerability"]


def _found(report: Report) -> Iterator[str]:
    for each in report:
        for known in each.get("vulns", ()):
            mended = ", ".join(known["fix_versions"]) or "no version yet"
            yield f"{each['name']} {each['version']}: {known['id']}, mended in {mended}"


def audited(lock: Path) -> Report:
    """Return what pip-audit says of a lock file; nothing is installed for that."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--format", "json"]
    done = subprocess.run(
        [*command, "--progress-spinner", "off", "--requirement", str(lock)],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        report: Report = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return [{"name": lock.name, "skip_reason": "\n".join(done.stderr.splitlines()[-1:]) or "no answer"}]
    return report


def main() -> int:
    """Audit both lock files; print what was found, and return the exit code."""
    packages = {(each["name"], each.get("version")): each for lock in LOCKS for each in audited(ROOT / lock)}
    code, lines = judged(list(packages.values()))
    print("\n".join(lines), file=sys.stderr if code else sys.stdout)
    return code


if __name__ == "__main__":
    sys.exit(main())
