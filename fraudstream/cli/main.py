"""The `fraudstream` command and its groups."""

from __future__ import annotations

import sys
import threading
import traceback

import typer

from fraudstream import __version__
from fraudstream.cli import (
    audit,
    backtest,
    casefile,
    config,
    coverage,
    diff,
    dlq,
    features,
    model,
    privacy,
    publishing,
    replay,
    rules,
    service,
    status,
    tune,
)
from fraudstream.cli.console import FAILED
from fraudstream.config.secret import masked

app = typer.Typer(
    name="fraudstream",
    help="Detects fraud and money laundering in payment streams, in real time.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
rules.app.command("coverage")(coverage.show_coverage)
for command in (
    publishing.keygen,
    publishing.publish,
    publishing.approve,
    publishing.rollback,
    publishing.unpack,
):
    rules.app.command()(command)
app.add_typer(rules.app, name="rules")
app.add_typer(audit.app, name="audit")
app.add_typer(config.app, name="config")
app.add_typer(features.app, name="features")
app.add_typer(model.app, name="model")
app.add_typer(service.topics, name="topics")
app.add_typer(dlq.app, name="dlq")
app.add_typer(privacy.app, name="privacy")
app.command("run")(service.run)
app.command("status")(status.status)
app.command("top")(status.top)
app.command("explain")(casefile.explain_alert)
app.command("replay")(replay.replay_history)
app.command("backtest")(backtest.backtest)
app.command("diff")(diff.diff)
app.command("tune")(tune.tune_rule)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """Run the command line; what nobody foresaw is shown whole, but for secrets."""
    threading.excepthook = lambda failed: _show(failed.exc_value)
    try:
        app()
    except Exception as error:
        _show(error)
        sys.exit(FAILED)


def _show(error: BaseException | None) -> None:
    sys.stderr.write(masked("".join(traceback.format_exception(error))))
