"""`fraudstream replay`: history through the engine, without a worker."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from fraudstream.cli.console import fail, one_line_errors, out
from fraudstream.cli.history import (
    DATA_HELP,
    AsRecorded,
    MapFile,
    OrderBy,
    TopologyFile,
    open_data,
    progress_of,
    settings_of,
)
from fraudstream.cli.kernels import fill_cache
from fraudstream.cli.rules import RULES
from fraudstream.cli.topic_history import first_ruleset
from fraudstream.engine.step import Engine
from fraudstream.stores.rule_directory import load_ruleset
from fraudstream.workbench.replay import ReplaySummary, replay


def replay_history(
    data: Annotated[list[str], typer.Argument(metavar="FILES...", help=DATA_HELP)],
    rules: Annotated[
        Path | None,
        typer.Option(
            help="The rule directory; else `rules`, or the rulesets of then where they are recorded."
        ),
    ] = None,
    map_file: MapFile = None,
    topology: TopologyFile = None,
    order_by: OrderBy = None,
    recorded: AsRecorded = False,
    alerts: Annotated[
        Path | None, typer.Option(help="Where to write alerts, one JSON object a line.")
    ] = None,
) -> None:
    """Judge the events of history as the service would, and print what was found."""
    with one_line_errors(), ExitStack() as stack:
        settings = settings_of(topology, map_file)
        ruleset = None if rules is None and recorded else load_ruleset(rules or RULES)
        if alerts is not None and alerts.resolve() in {Path(each).resolve() for each in data}:
            raise fail(f"{alerts}: is also read: choose another path for the alerts")
        histories = open_data(data, None, order_by, topology, recorded, with_rulesets=ruleset is None)
        try:
            sink = stack.enter_context(alerts.open("wb")) if alerts else None
        except OSError as error:
            raise fail(f"{alerts}: cannot be written ({error.strerror}): choose another path") from None
        first = ruleset or first_ruleset(histories)
        fill_cache(first, settings)
        engine = Engine(first, settings)
        advance = stack.enter_context(progress_of("replay", histories))
        start = time.perf_counter()
        summary = replay(engine, histories, sink, advance)
        seconds = time.perf_counter() - start
    _show(summary, seconds)


def _show(summary: ReplaySummary, seconds: float) -> None:
    table = Table(box=None, show_header=False)
    rows: list[tuple[str, str]] = [
        ("events in", f"{summary.events_in:,}"),
        *((f"decided: {action}", f"{number:,}") for action, number in summary.decisions.items() if number),
        ("duplicates", f"{summary.duplicates:,}"),
        ("late", f"{summary.late:,}"),
        *(
            (f"dead letters: {reason}", f"{number:,}")
            for reason, number in summary.dead_letters.most_common()
        ),
        ("alerts", f"{summary.alerts:,}"),
        ("hits kept back", f"{summary.suppressed:,}"),
        ("hits over budget", f"{summary.held_back:,}"),
        *((f"hits of {rule}", f"{number:,}") for rule, number in summary.hits.most_common() if number),
        *((f"labels: {outcome}", f"{number:,}") for outcome, number in summary.labels.items() if number),
        *((f"events by ruleset {version}", f"{number:,}") for version, number in summary.rulesets.items()),
        ("seconds", f"{seconds:.1f}"),
        ("events/s", f"{summary.events_in / seconds:,.0f}"),
    ]
    for name, value in rows:
        table.add_row(name, value)
    out.print(table)
