"""`fraudstream features`: what the windows of a ruleset hold, on history or in a worker's last checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from fraudstream.cli.console import PLAIN, one_line_errors, out
from fraudstream.cli.kernels import fill_cache
from fraudstream.cli.newest import engine_of, newest, single_topology, taken
from fraudstream.cli.service import SINGLE, TopologyFile
from fraudstream.config import load_map
from fraudstream.engine.stats import EngineStats, FeatureReport
from fraudstream.engine.step import Engine, Settings
from fraudstream.features.catalogue import Feature
from fraudstream.rules.durations import format_duration
from fraudstream.stores.rule_directory import load_ruleset
from fraudstream.workbench.replay import replay
from fraudstream.workbench.sources import open_source

app = typer.Typer(help="What the features of a ruleset hold.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """What the features of a ruleset hold."""


@app.command("stats")
def stats(
    files: Annotated[list[Path], typer.Argument(help="JSONL, CSV or parquet files, in order of time.")],
    rules: Annotated[Path, typer.Option(help="The rule directory.")] = Path("rules"),
    map_file: Annotated[
        Path | None, typer.Option("--map", help="A YAML file with a `map:` of field names.")
    ] = None,
    order_by: Annotated[
        str | None, typer.Option(help="Take the rows of a table in the order of this column.")
    ] = None,
) -> None:
    """Replay files and print what every feature holds at their end: entities, bytes, and how warm it is."""
    with one_line_errors():
        ruleset = load_ruleset(rules)
        settings = Settings(mapping=load_map(map_file) if map_file else None)
        sources = [open_source(path, order_by) for path in files]
        fill_cache(ruleset, settings)
        engine = Engine(ruleset, settings)
        replay(engine, sources, None, lambda _: None)
    _show(engine.stats())


@app.command("inspect")
def inspect(topology: TopologyFile = SINGLE) -> None:
    """Print what every feature of a worker held at its newest checkpoint, and how warm it was."""
    loaded = single_topology(topology, "features", "its shares")
    ruleset, found = newest(loaded, "what the features hold")
    out.print(taken(ruleset, found), **PLAIN)
    _show(engine_of(loaded, ruleset, found).stats())


def _show(found: EngineStats) -> None:
    out.print(_table(found))
    out.print(_totals(found), **PLAIN)


def _table(found: EngineStats) -> Table:
    table = Table("Feature", "Counts", "Per", "Window", box=None, header_style="bold")
    for title in ("Entities", "Bytes", "Bytes each", "Warm"):
        table.add_column(title, justify="right")
    for each in sorted(found.features, key=lambda each: -each.stats.bytes):
        table.add_row(*_row(each))
    return table


def _row(each: FeatureReport) -> tuple[str, ...]:
    stats = each.stats
    others = f" and {len(each.names) - 1} more" if len(each.names) > 1 else ""
    return (
        each.names[0] + others,
        f"{each.feature.aggregate} {each.feature.value or 'events'}",
        ", ".join(each.feature.by),
        _window(each.feature),
        f"{stats.entities:,}",
        f"{stats.bytes:,.0f}",
        f"{stats.bytes / stats.entities:,.0f}" if stats.entities else "",
        "" if stats.warm is None else f"{stats.warm:.0%}",
    )


def _window(feature: Feature) -> str:
    if feature.window_us is None:
        return "ever"
    before = f", {format_duration(feature.offset_us)} ago" if feature.offset_us else ""
    return format_duration(feature.window_us) + before


def _totals(found: EngineStats) -> str:
    each = f" ({found.log_bytes / found.log_events:,.0f} each)" if found.log_events else ""
    return (
        f"features {found.feature_bytes:,.0f} bytes; "
        f"log of {found.log_events:,} events {found.log_bytes:,} bytes{each}; "
        f"{found.texts:,} texts {found.text_bytes:,} bytes; ids against duplicates {found.id_bytes:,} bytes"
    )
