"""Measures how long a process takes to its first decision: `python -m loadtest.bench_start SINCE`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SECONDS_MAX = 180
RULES = Path(__file__).parents[1] / "rules"


def start_seconds() -> tuple[dict[str, float], dict[str, float]]:
    """Return the seconds of each part of a cold start, whose kernels are compiled, and of a warm one."""
    with tempfile.TemporaryDirectory(prefix="fraudstream-kernels-") as cache:
        return _one_start(cache), _one_start(cache)


def _one_start(cache: str) -> dict[str, float]:
    command = [sys.executable, "-m", "loadtest.bench_start", repr(time.time())]
    environment = os.environ | {"NUMBA_CACHE_DIR": cache}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, timeout=SECONDS_MAX)
    parts: dict[str, float] = json.loads(done.stdout)
    return parts


def main(since: float) -> None:
    """Do what `fraudstream run` does until it can judge, judge an event, and print the seconds."""
    marks = {"interpreter": time.time()}
    # The imports are part of what is measured.
    import fraudstream.stream.worker  # noqa: F401, PLC0415
    from fraudstream.cli.kernels import make_ready  # noqa: PLC0415
    from fraudstream.engine.selftest import run_cases  # noqa: PLC0415
    from fraudstream.engine.step import Engine, Settings  # noqa: PLC0415
    from fraudstream.stores.rule_directory import load_ruleset  # noqa: PLC0415
    from loadtest.bench_entities import rounds  # noqa: PLC0415

    marks["imports"] = time.time()
    ruleset = load_ruleset(RULES)
    marks["load rules"] = time.time()
    make_ready(ruleset, Settings())
    marks["kernels"] = time.time()
    failed = [result for result in run_cases(ruleset, Settings().schema) if not result.passed]
    assert not failed, failed
    marks["self-tests"] = time.time()
    engine = Engine(ruleset)
    marks["engine"] = time.time()
    assert len(engine.step(rounds(6, 1, seed=1)).decisions.row) == 1
    marks["first step"] = time.time()
    ends = list(marks.values())
    spans = zip(marks, [since, *ends[:-1]], ends, strict=True)
    print(json.dumps({name: end - begin for name, begin, end in spans}))


if __name__ == "__main__":
    main(float(sys.argv[1]))
