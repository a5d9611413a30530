"""The `fraudstream` command and its groups."""

from __future__ import annotations

import sys
import threading
import traceback

import typer

from fraudstream.cli.console import FAILED
from fraudstream.cli.lazy import lazy

PLACES = {
    "run": "service:run",
    "status": "status:status",
    "top": "status:top",
    "explain": "casefile:explain_alert",
    "replay": "replay:replay_history",
    "backtest": "backtest:backtest",
    "diff": "diff:diff",
    "tune": "tune:tune_rule",
    "version": "version:version",
    "rules": "rule_commands:app",
    "audit": "audit:app",
    "config": "config:app",
    "features": "features:app",
    "model": "model:app",
    "topics": "service:topics",
    "dlq": "dlq:app",
    "privacy": "privacy:app",
}

app = typer.Typer(
    name="fraudstream",
    cls=lazy(PLACES),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def fraudstream() -> None:
    """Detect fraud and money laundering in payment streams, in real time."""


def main() -> None:
    """Run the command line; what nobody foresaw is shown whole, but for secrets."""
    threading.excepthook = lambda failed: _show(failed.exc_value)
    try:
        app()
    except Exception as error:
        _show(error)
        sys.exit(FAILED)


def _show(error: BaseException | None) -> None:
    # Imported for a crash only: it leads to most of the program, which few commands need.
    from fraudstream.config.secret import masked  # noqa: PLC0415

    sys.stderr.write(masked("".join(traceback.format_exception(error))))
