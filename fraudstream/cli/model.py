"""`fraudstream model`: what the models of a topology have learned: told, taken out, and put into rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from fraudstream import __version__
from fraudstream.cli.console import PLAIN, fail, one_line_errors, out
from fraudstream.cli.newest import engine_of, newest, single_topology, taken
from fraudstream.cli.service import SINGLE, TopologyFile
from fraudstream.config import Topology
from fraudstream.engine.models import Report, spec_of
from fraudstream.rules.ruleset import Model, Ruleset
from fraudstream.scorers.protocol import ScorerError
from fraudstream.scorers.state_file import Header, refuse_pickles
from fraudstream.stores.checkpoints import Loaded
from fraudstream.stores.state_files import import_state
from fraudstream.stores.whole_file import write_whole

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
    loaded = _topology(topology)
    ruleset, found = _newest(loaded)
    if model is not None:
        _known(model, ruleset)
    reports = [each for each in engine_of(loaded, ruleset, found).reports() if model in (None, each.model)]
    if not reports:
        raise fail(f"ruleset {ruleset.version} has no models")
    out.print(taken(ruleset, found), **PLAIN)
    for each in reports:
        out.print(_summary(each), **PLAIN)
        out.print(_features(each))


@app.command("export")
def export(
    model: Annotated[str, typer.Argument(metavar="NAME", help="The model.")],
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="The file to write, named *.state.")],
    topology: TopologyFile = SINGLE,
) -> None:
    """Write what a model has learned to a file from which a model elsewhere can start."""
    loaded = _topology(topology)
    ruleset, found = _newest(loaded)
    wanted = _known(model, ruleset)
    try:
        # Before it is read: reading is what could run code.
        refuse_pickles(spec_of(wanted).estimator.kind)
        content = engine_of(loaded, ruleset, found).exported(model, __version__)
        write_whole(to, content)
    except ScorerError as error:
        raise fail(f"{model} {error}") from None
    except OSError as error:
        raise fail(f"{to}: cannot be written ({error.strerror}): choose another path") from None
    out.print(f"{model} of {taken(ruleset, found)}: {len(content):,} bytes in {to}", **PLAIN)


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `fraudstream model export` wrote.")],
    rules: Annotated[Path, typer.Option("--rules", metavar="DIR", help="The rule directory.")] = Path(
        "rules"
    ),
    name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="The model that it is for, if not its own.")
    ] = None,
) -> None:
    """Put what a model has learned into a rule directory, where the model file can name it to start from."""
    try:
        with one_line_errors():
            done = import_state(file, rules, name)
    except ScorerError as error:
        raise fail(str(error)) from None
    except OSError as error:
        where = error.filename or file
        raise fail(f"{where}: cannot be read or written ({error.strerror}): mend that, and repeat") from None
    out.print(f"{done.state}: {_learned(done.header)}", **PLAIN)
    if done.line is None:
        out.print(f"{done.model_file} starts from it: a model that runs begins anew with it", **PLAIN)
    else:
        out.print(f"now add this line to {done.model_file}:\n\n{done.line}\n", **PLAIN)


def _topology(path: Path) -> Topology:
    return single_topology(path, "models", "the last stage")


def _newest(topology: Topology) -> tuple[Ruleset, Loaded]:
    return newest(topology, "what the models have learned")


def _known(model: str, ruleset: Ruleset) -> Model:
    known = {each.spec.id: each for each in ruleset.models}
    if model not in known:
        listed = ", ".join(known) or "none"
        raise fail(f"there is no model {model} in ruleset {ruleset.version}: known are {listed}")
    return known[model]


def _learned(header: Header) -> str:
    lessons = header.lessons
    taught = "" if lessons is None else f"; {_lessons(lessons.genuine, lessons.frauds)}"
    return (
        f"{header.model}, {header.kind} of {len(header.features)} features, {header.events_scored:,} events "
        f"scored{taught}; exported under ruleset {header.ruleset} by fraudstream {header.fraudstream}"
    )


def _summary(report: Report) -> str:
    auc, recall = report.skill
    worth = f"AUC {_figure(auc)}, recall in the top hundredth {_figure(recall)}"
    learned = "" if report.lessons is None else f", {_lessons(*report.lessons)}"
    rests = "; has drifted, and leaves the events to the rules" if report.rests else ""
    seen = f"{report.kind}, {report.events:,} events scored"
    return f"\n{report.model}: {seen}{learned}; by labels: {worth}{rests}"


def _lessons(genuine: int, frauds: int) -> str:
    return f"learned {genuine:,} genuine events and {frauds:,} frauds"


def _features(report: Report) -> Table:
    table = Table("Reads", "Steady for", box=None, header_style="bold")
    for name, events in report.steady.items():
        table.add_row(name, f"{events:,} events")
    return table


def _figure(figure: float | None) -> str:
    return NO_FIGURE if figure is None else f"{figure:.3f}"
