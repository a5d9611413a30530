"""`fraudstream dlq`: what could not be judged, and sending it back once the cause is mended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from fraudstream.cli import letters as shown
from fraudstream.cli.console import FAILED, fail, one_line_errors, out
from fraudstream.cli.service import SINGLE, Bootstrap, TopologyFile
from fraudstream.config import Topology, load_topology

if TYPE_CHECKING:
    from fraudstream.stream.letters import Letter, Position

app = typer.Typer(help="Dead letters: list them, look at one, send them back.", no_args_is_help=True)

Reason = Annotated[str | None, typer.Option(help="Only letters of this reason.")]


@app.command("list")
def list_letters(
    reason: Reason = None,
    since: Annotated[
        str | None,
        typer.Option(help="Only letters written since then: ISO 8601 with a zone, or 2h for two hours ago."),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Show the newest so many; all are counted.")] = 50,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    topology: TopologyFile = SINGLE,
    kafka: Bootstrap = None,
) -> None:
    """List dead letters, the newest last, and count them by reason."""
    with _one_line_errors():
        from fraudstream.stream.letter_summary import summarised  # noqa: PLC0415 - Faust is slow to import
        from fraudstream.stream.letters import LetterBox  # noqa: PLC0415 - as above

        since_ms = None if since is None else shown.since_ms(since, datetime.now(UTC))
        found = summarised(LetterBox(_load(topology, kafka)).entries(), reason, since_ms, limit)
    if json:
        typer.echo(orjson.dumps(shown.summary_json(found)))
        return
    if found.newest:
        out.print(shown.letter_table(found), soft_wrap=True)
        out.print()
    out.print(shown.reason_table(found) if found.by_reason else "no dead letters")


@app.command("show")
def show(
    letter: Annotated[str, typer.Argument(help="partition:offset, as in the list.")],
    topology: TopologyFile = SINGLE,
    kafka: Bootstrap = None,
) -> None:
    """Print one dead letter in full, with its payload."""
    with _one_line_errors():
        from fraudstream.stream.letters import LetterBox, Position, found_at  # noqa: PLC0415 - as above

        position = Position.parse(letter)
        found, redriven = found_at(LetterBox(_load(topology, kafka)), position)
    if found is None:
        raise fail(_no_letters([position]))
    for line in shown.letter_lines(found, redriven):
        typer.echo(line)


@app.command("redrive")
def redrive_letters(
    letters: Annotated[list[str] | None, typer.Argument(help="partition:offset of each letter.")] = None,
    reason: Reason = None,
    again: Annotated[bool, typer.Option("--again", help="Also send what was sent back before.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be sent.")] = False,
    topology: TopologyFile = SINGLE,
    kafka: Bootstrap = None,
) -> None:
    """Send the messages of dead letters back to their topic, each once, and wait for the broker."""
    if bool(letters) == bool(reason):
        raise fail("which letters? Name them by partition:offset, or give --reason")
    with _one_line_errors():
        from fraudstream.stream.letters import LetterBox, Position  # noqa: PLC0415 - as above
        from fraudstream.stream.redriving import planned, redrive  # noqa: PLC0415 - as above

        loaded = _load(topology, kafka)
        named = {Position.parse(each) for each in letters or ()}
        wanted = _wanted(named, reason)
        if dry_run:
            plan, failed = planned(LetterBox(loaded).entries(), wanted, again), False
            typer.echo(f"would be sent: {shown.positions(plan.to_send)}")
        else:
            done = redrive(loaded, wanted, again)
            plan, failed = done.plan, done.failure is not None
            typer.echo("\n".join(shown.outcome_lines(done)))
    for line in shown.plan_lines(plan):
        typer.echo(line)
    if missing := named - plan.found:
        raise fail(_no_letters(sorted(missing)))
    if failed or plan.refused:
        raise typer.Exit(FAILED)


def _wanted(named: set[Position], reason: str | None) -> Callable[[Letter], bool]:
    return lambda letter: letter.position in named or letter.reason == reason


def _no_letters(positions: list[Position]) -> str:
    return f"no dead letter at {' '.join(map(str, positions))}: see `fraudstream dlq list`"


def _load(topology: Path, kafka: str | None) -> Topology:
    return load_topology(topology).with_kafka(kafka)


@contextmanager
def _one_line_errors() -> Iterator[None]:
    from fraudstream.stream.errors import BrokerError  # noqa: PLC0415 - as above

    with one_line_errors():
        try:
            yield
        except (BrokerError, ValueError) as error:
            raise fail(str(error)) from None
