"""`make bench`: the engine alone, and all that `make bench-kafka` measures, in one run."""

from __future__ import annotations

import sys

from rich.table import Table

from fraudstream.rules.ruleset import build_ruleset
from loadtest import bench_kafka
from loadtest.bench_command import Figures, Say, command
from loadtest.bench_engine import USUAL_BATCH, engine_events_per_s, hst_speedup, stage_us_per_event
from loadtest.bench_rules import bench_files
from loadtest.traffic import generate

EVENTS = 460_000


def run(kafka: str | None, say: Say) -> Figures:
    """Measure everything, and return the figures."""
    ruleset = build_ruleset(bench_files())
    payloads = generate(EVENTS).payloads
    say("the engine alone ...")
    by_batch = engine_events_per_s(ruleset, payloads)
    stages = stage_us_per_event(ruleset, payloads)
    say("the model against River ...")
    speedup = hst_speedup()
    return {
        "engine_events_per_s": {str(size): round(rate) for size, rate in by_batch.items()},
        "stages_us_per_event": {stage: round(us, 2) for stage, us in stages.items()},
        "hst_speedup": round(speedup, 1),
        **bench_kafka.run(kafka, say),
    }


def table_of(figures: Figures) -> Table:
    """Lay the figures out for people."""
    table = bench_kafka.table_of(figures)
    table.add_section()
    for size, rate in figures["engine_events_per_s"].items():
        table.add_row(f"engine, batches of {int(size):,}, events/s", f"{rate:,}", "")
    table.add_row("HalfSpaceTrees, times River's speed, equal scores", f"{figures['hst_speedup']:g}", "")
    shares = ", ".join(f"{stage} {us:.1f}" for stage, us in figures["stages_us_per_event"].items())
    table.caption = f"us per event in batches of {USUAL_BATCH}: {shares}"
    return table


if __name__ == "__main__":
    sys.exit(command(__doc__, run, table_of))
