"""Measures what an entity and a retained event take, in a process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fraudstream.engine.step import Engine
from fraudstream.rules.ruleset import build_ruleset
from loadtest.bench_engine import USUAL_BATCH, batches
from loadtest.bench_entities import rounds
from loadtest.bench_rules import bench_files

ENTITIES = 300_000
ROUNDS = 4
SECONDS_MAX = 180


@dataclass(frozen=True)
class Memory:
    """Bytes per entity beyond the event log, and per event of the log: as the engine counts, and as it grows.

    The growth is that of the whole process, with the texts of the ids and the memory for duplicates.
    """

    bytes_per_entity: float
    bytes_per_event: float
    rss_bytes_per_entity: float
    rss_bytes_per_event: float


def memory() -> Memory:
    """Measure in a fresh process."""
    command = [sys.executable, "-m", "loadtest.bench_memory"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=SECONDS_MAX)
    return Memory(**json.loads(done.stdout))


def measure() -> Memory:
    """Feed every entity once, then more often: what grows with the second part belongs to the events."""
    messages = rounds(ENTITIES, ROUNDS, seed=1)
    each = len(messages) // ROUNDS
    Engine(build_ruleset(bench_files())).step(messages[:USUAL_BATCH])
    engine = Engine(build_ruleset(bench_files()))
    empty = _rss_bytes()
    _advance(engine, messages[:each])
    once = _rss_bytes()
    _advance(engine, messages[each:])
    last = _rss_bytes()
    log, beyond = accounted(engine)
    per_event = (last - once) / (len(messages) - each)
    return Memory(
        bytes_per_entity=beyond / ENTITIES,
        bytes_per_event=log / len(messages),
        rss_bytes_per_entity=(once - empty - per_event * each) / ENTITIES,
        rss_bytes_per_event=per_event,
    )


def accounted(engine: Engine) -> tuple[int, int]:
    """Return the bytes of the event log, and of all other arrays of the feature store."""
    state: Any = engine._features.stores[0]._state
    sizes = {name: array.nbytes for name, array in state._asdict().items()}
    log = sum(sizes[name] for name in ("log", "links", "ids"))
    return log, sum(sizes.values()) - log


def _advance(engine: Engine, payloads: Sequence[bytes]) -> None:
    for batch in batches(payloads, USUAL_BATCH):
        engine.step(batch)


def _rss_bytes() -> int:
    """Return the memory that the process holds now; where /proc is missing, the most that it ever held."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024


if __name__ == "__main__":
    print(json.dumps(asdict(measure())))
