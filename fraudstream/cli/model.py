"""`fraudstream model inspect`: what the models of a topology have learned, from its newest checkpoint."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from fraudstream.cli.console import fail, one_line_errors, out
from fraudstream.cli.service import SINGLE, TopologyFile, kept_by
from fraudstream.config import Topology, load_topology
from fraudstream.engine.models import Report
from fraudstream.engine.step import Engine
from fraudstream.stores.checkpoints import CheckpointError, Loaded

app = typer.Typer(help="What the models of a topology have learned.", no_args_is_help=True)

NO_FIGURE = "-"


@app.callback()
def _group() -> None:
    """What the models of a topology have learned."""


@app.command("inspect")
def inspect(
    topology: TopologyFile = SINGLE,
    model: Annotated[str | None, typer.Argument(help="One model; all unless given.")] = None,
) -> None:
    """Print what each model has seen, what its scores were worth by labels, and what has changed lately."""
    with one_line_errors():
        loaded = load_topology(topology)
    if loaded.keyed is not None:
        raise fail("a keyed topology keeps its models in the last stage, which this does not read yet")
    engine, taken = _engine(loaded)
    reports = [each for each in engine.reports() if model in (None, each.model)]
    if not reports:
        known = ", ".join(each.model for each in engine.reports()) or "none"
        raise fail(f"there is no model {model} in ruleset {engine.ruleset.version}: known are {known}")
    out.print(taken, highlight=False, soft_wrap=True)
    for each in reports:
        out.print(_summary(each), highlight=False, soft_wrap=True)
        out.print(_features(each))


def _engine(topology: Topology) -> tuple[Engine, str]:
    """Return the engine of the newest checkpoint, and where that stands."""
    kept = kept_by(topology)
    if kept is None:
        raise fail("the topology names no checkpoints: add them, they hold what the models have learned")
    try:
        found: Loaded | None = kept.store_of(0).load()
    except CheckpointError as error:
        raise fail(str(error)) from None
    if found is None:
        raise fail("there is no checkpoint yet: run a worker first")
    version = found.meta.extra["ruleset"]
    ruleset = kept.ruleset_of(version)
    if ruleset is None:
        raise fail(f"ruleset {version}, under which the checkpoint was written, is not kept beside it")
    engine = Engine(ruleset, topology.settings())
    engine.restore(found.snapshot)
    events = ", ".join(f"{number}: {offset}" for number, offset in sorted(found.meta.positions.items()))
    return engine, f"ruleset {version}, after the offsets {{{events}}}"


def _summary(report: Report) -> str:
    auc, recall = report.skill
    worth = f"AUC {_figure(auc)}, recall in the top hundredth {_figure(recall)}"
    lessons = report.lessons
    learned = "" if lessons is None else f", learned {lessons[0]:,} genuine events and {lessons[1]:,} frauds"
    rests = "; has drifted, and leaves the events to the rules" if report.rests else ""
    seen = f"{report.kind}, {report.events:,} events scored"
    return f"\n{report.model}: {seen}{learned}; by labels: {worth}{rests}"


def _features(report: Report) -> Table:
    table = Table("Reads", "Steady for", box=None, header_style="bold")
    for name, events in report.steady.items():
        table.add_row(name, f"{events:,} events")
    return table


def _figure(figure: float | None) -> str:
    return NO_FIGURE if figure is None else f"{figure:.3f}"
