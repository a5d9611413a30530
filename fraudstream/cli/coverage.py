"""`fraudstream rules coverage`: which crime patterns no rule looks for, and which rules are idle or twins."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.table import Table

from fraudstream.cli.console import PLAIN, err, one_line_errors, out
from fraudstream.cli.history import (
    AsJson,
    AsRecorded,
    MapFile,
    MoreData,
    OptionalData,
    OrderBy,
    TopologyFile,
    batches_of,
    open_data,
    settings_of,
)
from fraudstream.cli.kernels import fill_cache
from fraudstream.cli.rules import RULES
from fraudstream.stores.rule_directory import load_ruleset
from fraudstream.workbench.coverage import Coverage, Fired, coverage


def show_coverage(
    more: MoreData = None,
    data: OptionalData = None,
    rules: Annotated[Path, typer.Option(help="The rule directory.")] = RULES,
    topology: TopologyFile = None,
    map_file: MapFile = None,
    order_by: OrderBy = None,
    recorded: AsRecorded = False,
    as_json: AsJson = False,
) -> None:
    """Show which typologies have no live rule, and on history which rules never fire, or always together."""
    with one_line_errors():
        ruleset = load_ruleset(rules)
        settings = settings_of(topology, map_file)
        histories = open_data(data or [], more, order_by, topology, recorded)
        if histories:
            fill_cache(ruleset, settings)
        with err.status("coverage"):
            found = coverage(ruleset, settings, batches_of(histories) if histories else None)
    if as_json:
        typer.echo(orjson.dumps(found.as_json()).decode())
        return
    out.print(_typologies(found))
    if found.fired is not None:
        out.print(_fired(found.fired))
        out.print(f"{found.fired.events:,} events", **PLAIN)


def _typologies(found: Coverage) -> Table:
    table = Table("Typology", "Live rules", box=None, header_style="bold")
    for name, rules in found.live_rules.items():
        table.add_row(name, ", ".join(rules) or "[red]none[/red]")
    return table


def _fired(fired: Fired) -> Table:
    """Return how often each rule fired, and with which others it always does."""
    table = Table("Rule", box=None, header_style="bold")
    table.add_column("Hits", justify="right")
    table.add_column("")
    twins = {rule: [each for each in group if each != rule] for group in fired.twins for rule in group}
    only_with: dict[str, list[str]] = {}
    for rule, other in fired.implied:
        only_with.setdefault(rule, []).append(other)
    for rule, hits in fired.hits.items():
        said = [] if hits else ["never fired"]
        said += [f"always together with {', '.join(twins[rule])}"] if rule in twins else []
        said += [f"only with {', '.join(only_with[rule])}"] if rule in only_with else []
        table.add_row(rule, f"{hits:,}", "; ".join(said))
    return table
