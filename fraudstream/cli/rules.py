"""`fraudstream rules`: check, test and lock a rule directory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from fraudstream.cli.console import fail, one_line_errors, out
from fraudstream.engine.models import check_models
from fraudstream.engine.selftest import CaseResult, run_cases
from fraudstream.events.schema import Schema
from fraudstream.rules.lint import lint
from fraudstream.rules.lock import check_history, new_lock
from fraudstream.rules.ruleset import Rule
from fraudstream.stores.lock_file import read_lock, write_lock
from fraudstream.stores.rule_directory import load_ruleset

app = typer.Typer(help="Check, test and lock rule files.", no_args_is_help=True)

Directory = Annotated[Path, typer.Argument(help="The rule directory.")]
RULES = Path("rules")


@app.command("lint")
def lint_rules(directory: Directory = RULES) -> None:
    """Check all files of a rule directory; each problem is one line with its place and remedy."""
    with one_line_errors():
        ruleset = load_ruleset(directory)
        problems = [*lint(ruleset, Schema(), read_lock(directory)), *check_models(ruleset)]
    if problems:
        raise fail("\n".join(map(str, problems)))
    out.print(f"{len(ruleset.rules)} rules, ruleset {ruleset.version}: no problems", highlight=False)


@app.command("test")
def run_tests(directory: Directory = RULES) -> None:
    """Run the inline tests of every rule on the engine itself."""
    with one_line_errors():
        ruleset = load_ruleset(directory)
        results = list(run_cases(ruleset, Schema()))
    out.print(_table(ruleset.rules, results))
    failed = [str(result.problem) for result in results if result.problem is not None]
    if failed:
        raise fail("\n".join([*failed, f"{len(failed)} of {len(results)} cases failed"]))
    out.print(f"{len(results)} cases of {len(ruleset.rules)} rules passed", highlight=False)


def _table(rules: tuple[Rule, ...], results: list[CaseResult]) -> Table:
    table = Table("Rule", "Status", "Passed", "Failed", "Title", box=None, header_style="bold")
    for rule in rules:
        mine = [result for result in results if result.rule_id == rule.id]
        passed = sum(result.passed for result in mine)
        failed = len(mine) - passed
        shown = f"[red]{failed}[/red]" if failed else "0"
        table.add_row(rule.id, rule.spec.status, str(passed), shown, rule.spec.title)
    return table


@app.command("lock")
def lock_rules(directory: Directory = RULES) -> None:
    """Write rules.lock.json; refuses to lock an edit that did not raise the rule's version."""
    with one_line_errors():
        ruleset = load_ruleset(directory)
        lock = read_lock(directory)
    problems = check_history(ruleset, lock)
    if problems:
        raise fail("\n".join(map(str, problems)))
    write_lock(directory, new_lock(ruleset, lock))
    out.print(f"{len(ruleset.rules)} rules locked", highlight=False)
