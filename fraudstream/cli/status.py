"""`fraudstream status` and `fraudstream top`: how the service is doing, once or all the time."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.live import Live

from fraudstream.cli.console import FAILED, fail, one_line_errors, out
from fraudstream.cli.keys import Keys
from fraudstream.cli.overview import Overview, overview, overview_json
from fraudstream.cli.overview_view import screen
from fraudstream.cli.service import SINGLE, Bootstrap, TopologyFile
from fraudstream.config import Topology, load_topology
from fraudstream.config.part import SettingError
from fraudstream.telemetry.scraping import Reader

Workers = Annotated[
    list[str] | None,
    typer.Option(
        "--worker", help="host:port of a worker's metrics, once for each; else the topology's metrics."
    ),
]


def status(
    topology: TopologyFile = SINGLE,
    worker: Workers = None,
    kafka: Bootstrap = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show lag, workers, rulesets, top rules and dead letters; end with 1 if anything is amiss."""
    loaded = _load(topology, kafka)
    found = overview(loaded, urls(loaded, worker), time.time(), reader_of(loaded))
    if json:
        typer.echo(orjson.dumps(overview_json(found)))
    else:
        out.print(screen(found), soft_wrap=True)
    if not found.is_well:
        raise typer.Exit(FAILED)


def top(
    topology: TopologyFile = SINGLE,
    worker: Workers = None,
    kafka: Bootstrap = None,
    every: Annotated[float, typer.Option(min=0.5, max=3_600, help="Seconds between two looks.")] = 2.0,
) -> None:
    """Show the same as `status` all the time, with the rates since the last look; q or Ctrl-C ends it."""
    loaded = _load(topology, kafka)
    if not out.is_terminal:
        raise fail("top needs a terminal: `fraudstream status` prints the same once")

    asked, reader = urls(loaded, worker), reader_of(loaded)
    before: Overview | None = None
    with Live(console=out, screen=True, auto_refresh=False) as live, Keys() as keys:
        while True:
            found = overview(loaded, asked, time.time(), reader)
            live.update(screen(found, before), refresh=True)
            before = found
            if keys.ended_within(every):
                return


def urls(topology: Topology, workers: list[str] | None) -> list[str]:
    """Return the base addresses of the workers that are named, else of the topology's own."""
    named = workers or [f"{topology.metrics.host}:{topology.metrics.port}"]
    scheme = "http" if topology.metrics.tls is None else "https"
    return [each.rstrip("/") if "://" in each else f"{scheme}://{each}" for each in named]


def reader_of(topology: Topology) -> Reader:
    """Return a reader whom the topology's workers let in; typer.Exit where a secret or file is missing."""
    wanted = topology.metrics
    try:
        return Reader(
            None if wanted.tls is None else wanted.tls.trusted(),
            None if wanted.auth is None else wanted.auth.authorization(),
        )
    except SettingError as error:
        raise fail(f"metrics: {error}") from None


def _load(topology: Path, kafka: str | None) -> Topology:
    with one_line_errors():
        return load_topology(topology).with_kafka(kafka)
