"""`fraudstream privacy`: what leaves how, and for those who hold the keys what stands behind it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from fraudstream.cli.console import PLAIN, fail, one_line_errors, out
from fraudstream.cli.service import SINGLE, TopologyFile
from fraudstream.config import Topology, load_topology
from fraudstream.engine.privacy.keyring import Keyring

app = typer.Typer(
    help="How personal data leave, and what stands behind tokens and ciphertexts.", no_args_is_help=True
)
STDIN = Path("-")


@app.command()
def columns(topology: TopologyFile = SINGLE) -> None:
    """Show how every column of the events is classified, and how it leaves in alerts."""
    with one_line_errors():
        loaded = load_topology(topology)
    policy = loaded.privacy.policy()
    for column in loaded.event_schema().columns:
        leaves = policy.declared(column)
        cards = ", card numbers masked" if column.may_hold_cards and leaves == "clear" else ""
        out.print(f"{column.name:<20} {column.sensitivity:<9} {leaves}{cards}", **PLAIN)
    payloads = "kept" if loaded.payloads_kept else "withheld"
    out.print(f"key and payload of dead letters: {payloads}", **PLAIN)


@app.command()
def reveal(
    file: Annotated[Path, typer.Argument(help="Alerts, one JSON object a line, or any text.")] = STDIN,
    topology: TopologyFile = SINGLE,
    values: Annotated[
        Path | None, typer.Option(help="Texts, one a line: tokens of these are shown as the texts.")
    ] = None,
) -> None:
    """Open what is encrypted in alerts; needs the keys that the topology names."""
    with one_line_errors():
        keys = _keys_of(load_topology(topology), topology)
    known: dict[str, str] = {}
    for text in () if values is None else _lines(values):
        known |= dict.fromkeys(keys.tokens(text), text)
    for line in _lines(file):
        typer.echo(_revealed_line(line, keys, known))


@app.command()
def token(
    texts: Annotated[
        list[str] | None, typer.Argument(help="What tokens are of; without any, the lines of standard input.")
    ] = None,
    topology: TopologyFile = SINGLE,
) -> None:
    """Show the tokens of texts under every key, to find the alerts about a customer or an account."""
    with one_line_errors():
        keys = _keys_of(load_topology(topology), topology)
    for text in texts or _lines(STDIN):
        for each in keys.tokens(text):
            out.print(each, **PLAIN)


def _keys_of(loaded: Topology, file: Path) -> Keyring:
    keys = loaded.privacy.keyring()
    if keys is None:
        raise fail(f"{file}: privacy names no active_key: nothing leaves as a token or encrypted")
    return keys


def _lines(file: Path) -> Iterator[str]:
    try:
        with nullcontext(sys.stdin.buffer) if file == STDIN else file.open("rb") as content:
            yield from (line.decode(errors="replace").rstrip("\r\n") for line in content)
    except OSError as error:
        raise fail(f"{file}: cannot be read ({error.strerror}): check the path") from None


def _revealed_line(line: str, keys: Keyring, known: Mapping[str, str]) -> str:
    try:
        content = orjson.loads(line)
    except orjson.JSONDecodeError:
        return keys.revealed(line, known)
    return orjson.dumps(_revealed(content, keys, known)).decode()


def _revealed(content: Any, keys: Keyring, known: Mapping[str, str]) -> Any:
    """Return plain data with all texts in them opened; what opens inside a text of JSON must not end it."""
    if isinstance(content, str):
        return keys.revealed(content, known)
    if isinstance(content, list):
        return [_revealed(each, keys, known) for each in content]
    if isinstance(content, dict):
        return {name: _revealed(each, keys, known) for name, each in content.items()}
    return content
