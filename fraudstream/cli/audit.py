"""`fraudstream audit`: read the log of who changed which rules, and prove that nobody changed the log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer

from fraudstream.cli.console import PLAIN, fail, one_line_errors, out
from fraudstream.stores.audit_log import AuditLog, Verified

app = typer.Typer(help="Read and verify audit logs.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(metavar="FILE", help="The audit log.")]


@app.command("verify")
def verify(
    file: File,
    holds: Annotated[
        str | None, typer.Option("--holds", metavar="HASH", help="A hash that was printed earlier.")
    ] = None,
) -> None:
    """Check that every entry is as it was written and follows the one before it; else name the first."""
    found = _verified(file)
    if found.is_torn:
        raise fail(
            f"{file}: a writer died in the last line, behind entry {len(found.entries)}: the next closes it"
        )
    if holds is not None and holds not in {entry.hash for entry in found.entries}:
        raise fail(f"{file}: no entry has the hash {holds}: entries were taken off its end, or all made anew")
    out.print(
        f"{file}: {len(found.entries)} entries, none changed; the last has the hash {found.head}", **PLAIN
    )


@app.command("show")
def show(
    file: File,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per entry.")] = False,
) -> None:
    """Print the entries of a log that is whole."""
    found = _verified(file)
    if as_json:
        for entry in found.entries:
            typer.echo(entry.line().rstrip())
        return
    for entry in found.entries:
        details = "".join(f" {key}={_shown(each)}" for key, each in entry.details.items() if each != "")
        out.print(
            f"{entry.number} {entry.time} {_shown(entry.actor)}: {_shown(entry.event)}{details}", **PLAIN
        )


def _verified(file: Path) -> Verified:
    with one_line_errors():
        return AuditLog(file).verify()


def _shown(value: object) -> str:
    return value if isinstance(value, str) and value.isprintable() else orjson.dumps(value).decode()
