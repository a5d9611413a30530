"""`fraudstream config`: whether a topology fits, and what holds in the end."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Annotated

import orjson
import typer

from fraudstream.cli.console import PLAIN, fail, one_line_errors, out
from fraudstream.cli.service import Bootstrap
from fraudstream.config.checks import faults
from fraudstream.config.loading import read_topology
from fraudstream.config.resolved import DEFAULT, Resolved, resolved
from fraudstream.config.topology import Topology

app = typer.Typer(help="Settings: check them, and show what holds and why.", no_args_is_help=True)

TopologyFile = Annotated[Path, typer.Argument(help="The topology file.")]


@app.command("check")
def check(topology: TopologyFile, kafka: Bootstrap = None) -> None:
    """Check the settings, and that the secrets and files that they name are there; connects to nothing."""
    loaded, settings = _resolved(topology, kafka)
    if found := list(faults(loaded)):
        raise fail("\n".join(found))
    said = Counter(_kind(each, topology) for each in settings)
    counts = ", ".join(f"{said[kind]} {kind}" for kind in ("from the file", "from elsewhere", "by default"))
    out.print(f"{loaded.name}: the settings fit: {counts}", **PLAIN)


@app.command("show")
def show(
    topology: TopologyFile,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    kafka: Bootstrap = None,
) -> None:
    """Show every setting that holds, and who says it; secrets are masked."""
    _, settings = _resolved(topology, kafka)
    if json:
        rows = [{"key": each.key, "value": each.value, "from": each.origin} for each in settings]
        typer.echo(orjson.dumps({"settings": rows}))
        return
    key_width, value_width = (max(len(each[column]) for each in settings) for column in (0, 1))
    for each in settings:
        typer.echo(f"{each.key:{key_width}}  {each.value:{value_width}}  {each.origin}")


def _resolved(topology: Path, kafka: str | None) -> tuple[Topology, list[Resolved]]:
    with one_line_errors():
        return resolved(read_topology(topology), os.environ, kafka)


def _kind(setting: Resolved, file: Path) -> str:
    if setting.origin == DEFAULT:
        return "by default"
    return "from the file" if setting.origin.startswith(f"{file}:") else "from elsewhere"
