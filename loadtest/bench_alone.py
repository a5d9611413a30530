"""`make bench-engine`: the engine alone, beside peers and beside itself at other sizes, in one run."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

from fraudstream.engine.step import Engine
from fraudstream.rules.ruleset import build_ruleset
from loadtest.bench_engine import USUAL_BATCH, engine_events_per_s, stage_us_per_event
from loadtest.bench_judging import judging_rates
from loadtest.bench_memory import memory
from loadtest.bench_plots import draw_all
from loadtest.bench_rules import bench_files
from loadtest.bench_scale import Curve, cost_of_entities, cost_of_rules
from loadtest.bench_start import start_seconds
from loadtest.traffic import Traffic, generate

EVENTS = 300_000
JUDGED_EVENTS = 35_000
"""More than a day of traffic, so that the values that rules are compared on are those of full windows."""

Figures = dict[str, Any]


def main() -> int:
    """Run the benchmark and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="end with one JSON object on a line")
    asked = parser.parse_args()
    console = Console(stderr=asked.json)
    try:
        figures = run(lambda line: console.print(line, highlight=False))
    except KeyboardInterrupt:
        console.print("stopped")
        return 130
    console.print(table_of(figures))
    if asked.json:
        print(json.dumps(figures))
    return 0


def run(say: Callable[[str], None]) -> Figures:
    """Measure everything, draw the curves, and return the figures."""
    say("starting cold and warm ...")
    cold, warm = start_seconds()
    say("memory ...")
    held = memory()
    traffic = generate(EVENTS)
    figures = _speed(traffic, say)
    say("40 to 1,000 rules ...")
    rules = cost_of_rules(traffic.payloads)
    say("50,000 to 500,000 entities ...")
    entities = cost_of_entities(build_ruleset(bench_files()))
    draw_all(rules, entities)
    return figures | {
        "cost_ratio_1000_rules": round(rules.ratios[max(rules.ratios)], 2),
        "rules_us_per_event": _rounded(rules),
        "cost_ratio_10x_entities": round(entities.ratios[max(entities.ratios)], 2),
        "entities_us_per_event": _rounded(entities),
        "bytes_per_entity": round(held.bytes_per_entity),
        "bytes_per_event": round(held.bytes_per_event),
        "rss_bytes_per_entity": round(held.rss_bytes_per_entity),
        "rss_bytes_per_event": round(held.rss_bytes_per_event),
        "cold_start_s": round(sum(cold.values()), 2),
        "warm_start_s": round(sum(warm.values()), 2),
        "cold_start_parts_s": {part: round(seconds, 2) for part, seconds in cold.items()},
        "warm_start_parts_s": {part: round(seconds, 2) for part, seconds in warm.items()},
    }


def _speed(traffic: Traffic, say: Callable[[str], None]) -> Figures:
    ruleset = build_ruleset(bench_files())
    say("steps by batch size ...")
    by_batch = engine_events_per_s(ruleset, traffic.payloads)
    stages = {
        size: stage_us_per_event(ruleset, traffic.payloads, size, events)
        for size, events in ((1, 5_000), (USUAL_BATCH, 75_000))
    }
    say("rules beside peers ...")
    judging = judging_rates(ruleset, traffic.payloads[:JUDGED_EVENTS])
    return {
        "rules": len(ruleset.rules),
        "features": Engine(ruleset).features,
        "engine_events_per_s": {str(size): round(rate) for size, rate in by_batch.items()},
        "batch1_us": round(1e6 / by_batch[1], 1),
        "stages_us_per_event": {
            str(size): {stage: round(us, 2) for stage, us in parts.items()} for size, parts in stages.items()
        },
        "rule_evals_per_s": round(judging.ours),
        "peer_rule_evals_per_s": {name: round(rate) for name, rate in judging.peers.items()},
        "outcomes_compared": judging.compared,
    }


def _rounded(curve: Curve) -> dict[str, float]:
    return {str(size): round(us, 2) for size, us in curve.us_per_event.items()}


def table_of(figures: Figures) -> Table:
    """Lay the figures out for people."""
    table = Table(title=f"{figures['rules']} rules, {figures['features']} features, HalfSpaceTrees 25x8")
    table.add_column("what")
    table.add_column("measured", justify="right")
    table.add_column("target", justify="right")
    for size, rate in figures["engine_events_per_s"].items():
        target = ">= 100,000" if int(size) == USUAL_BATCH else ""
        table.add_row(f"events/s in batches of {int(size):,}", f"{rate:,}", target)
    table.add_row("us per event in batches of 1", f"{figures['batch1_us']:g}", "<= 150")
    table.add_section()
    ours = figures["rule_evals_per_s"]
    table.add_row("rules evaluated/s", f"{ours:,}", "")
    for name, rate in figures["peer_rule_evals_per_s"].items():
        table.add_row(f"  {name}", f"{rate:,}", f"1/{ours / rate:,.0f}")
    table.add_section()
    for name, target in _TARGETS.items():
        table.add_row(name, f"{figures[name]:,}", target)
    table.caption = "\n".join(
        f"us per event in batches of {size}: {', '.join(f'{stage} {us:g}' for stage, us in parts.items())}"
        for size, parts in figures["stages_us_per_event"].items()
    )
    return table


_TARGETS = {
    "cost_ratio_1000_rules": "<= 3",
    "cost_ratio_10x_entities": "<= 1.3",
    "bytes_per_entity": "<= 600",
    "bytes_per_event": "<= 128",
    "rss_bytes_per_entity": "",
    "rss_bytes_per_event": "",
    "cold_start_s": "<= 30",
    "warm_start_s": "<= 3",
}


if __name__ == "__main__":
    sys.exit(main())
