"""`fraudstream replay`: history from files through the engine, without a broker."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from fraudstream.cli.console import fail, one_line_errors, out
from fraudstream.cli.history import progress_of
from fraudstream.cli.kernels import fill_cache
from fraudstream.config import load_map
from fraudstream.engine.step import Engine, Settings
from fraudstream.stores.rule_directory import load_ruleset
from fraudstream.workbench.replay import ReplaySummary, replay
from fraudstream.workbench.sources import open_source


def replay_files(
    files: Annotated[list[Path], typer.Argument(help="JSONL, CSV or parquet files, in order of time.")],
    rules: Annotated[Path, typer.Option(help="The rule directory.")] = Path("rules"),
    map_file: Annotated[
        Path | None, typer.Option("--map", help="A YAML file with a `map:` of field names.")
    ] = None,
    order_by: Annotated[
        str | None,
        typer.Option(help="Take the rows of a table in the order of this column, e.g. of arrival."),
    ] = None,
    alerts: Annotated[
        Path | None, typer.Option(help="Where to write alerts, one JSON object a line.")
    ] = None,
) -> None:
    """Judge the events of files as the service would, and print what was found."""
    with one_line_errors(), ExitStack() as stack:
        ruleset = load_ruleset(rules)
        settings = Settings(mapping=load_map(map_file) if map_file else None)
        sources = [open_source(path, order_by) for path in files]
        if alerts is not None and alerts.resolve() in {path.resolve() for path in files}:
            raise fail(f"{alerts}: is also read: choose another path for the alerts")
        try:
            sink = stack.enter_context(alerts.open("wb")) if alerts else None
        except OSError as error:
            raise fail(f"{alerts}: cannot be written ({error.strerror}): choose another path") from None
        fill_cache(ruleset, settings)
        engine = Engine(ruleset, settings)
        advance = stack.enter_context(progress_of("replay", sources))
        start = time.perf_counter()
        summary = replay(engine, sources, sink, advance)
        seconds = time.perf_counter() - start
    _show(summary, seconds, engine.ruleset.version)


def _show(summary: ReplaySummary, seconds: float, ruleset_version: str) -> None:
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
        ("ruleset", ruleset_version),
        ("seconds", f"{seconds:.1f}"),
        ("events/s", f"{summary.events_in / seconds:,.0f}"),
    ]
    for name, value in rows:
        table.add_row(name, value)
    out.print(table)
