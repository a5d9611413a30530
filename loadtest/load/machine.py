"""Where and of what a report is."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path

from loadtest.bench_broker import KAFKA_TOOL

ROOT = Path(__file__).parents[2]
POM = KAFKA_TOOL.with_name("pom.xml")
UNKNOWN = "unknown"


def machine(broker: str) -> dict[str, str]:
    """Return processor, cores, memory, Python and broker as text."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpu": _cpu(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory_gib:.1f} GiB",
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "broker": f"{broker} {_pinned(POM.read_text())}" if broker == "Apache Kafka" else broker,
    }


def commit() -> str:
    """Return the commit of the repository, with a plus where files differ from it."""
    head = _git("rev-parse", "--short=12", "HEAD")
    return head + "+" if head != UNKNOWN and _git("status", "--porcelain", "-uno") else head


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*: (.+)$", info.read_text(), re.MULTILINE) if info.exists() else None
    return found[1] if found else platform.processor() or UNKNOWN


def _pinned(pom: str) -> str:
    found = re.search(r"<kafka\.version>(.+)</kafka\.version>", pom)
    return found[1] if found else UNKNOWN


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True, check=False)
    except OSError:
        return UNKNOWN
    return done.stdout.strip() if done.returncode == 0 else UNKNOWN
