"""How commands talk: tables and progress on stderr or a terminal, one line per error, a non-zero exit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console

from fraudstream.errors import UserError

out = Console()
if not out.is_terminal:
    # In a file or a pipe no cell is cut for the sake of a screen.
    out.width = 160
err = Console(stderr=True)

FAILED = 1
PLAIN: Any = {"highlight": False, "soft_wrap": True, "markup": False}
"""How a line is printed that is to stay as it is."""


def fail(message: str) -> typer.Exit:
    """Print an error and return what to raise."""
    err.print(message, style="red", **PLAIN)
    return typer.Exit(FAILED)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn the errors that a user can mend into their one line each."""
    try:
        yield
    except UserError as error:
        raise fail(str(error)) from None
