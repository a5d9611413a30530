"""A worker with a fake engine, to be run and killed as a process of its own.

    python -m tests.integration.stream_worker BOOTSTRAP PREFIX PARTITIONS STEP_SECONDS

When it stops in order, the last line of standard output is a JSON object with what happened.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field

from fraudstream.stream import app, worker
from tests.unit.stream.fakes import FakeEngine, FakeObserver, topology


def main(bootstrap: str, prefix: str, partitions: str, step_seconds: str) -> int:
    engine = FakeEngine(float(step_seconds))
    observer = FakeObserver()
    code = worker.run_worker(topology(bootstrap, prefix, int(partitions)), engine.as_engine(), observer)
    print(
        json.dumps(
            {
                "events": sum(observer.events),
                "batches": len(observer.events),
                "errors": observer.errors,
                "lags": observer.lags,
                "seen": len(engine.seen),
            }
        )
    )
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
