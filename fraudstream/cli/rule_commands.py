"""`fraudstream rules`: what belongs to it."""

from __future__ import annotations

import typer

from fraudstream.cli.lazy import lazy

PLACES = {
    "lint": "rules:lint_rules",
    "test": "rules:run_tests",
    "mutate": "rules:mutate_rules",
    "explain": "rules:explain_rule",
    "schemas": "rules:write_schemas",
    "lock": "rules:lock_rules",
    "coverage": "coverage:show_coverage",
    "keygen": "publishing:keygen",
    "publish": "publishing:publish",
    "approve": "publishing:approve",
    "rollback": "publishing:rollback",
    "unpack": "publishing:unpack",
}

app = typer.Typer(cls=lazy(PLACES), no_args_is_help=True)


@app.callback()
def rules() -> None:
    """Check, test, mutate, explain and lock rule files."""
