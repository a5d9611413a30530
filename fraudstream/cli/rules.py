"""`fraudstream rules`: check, test, mutate and lock a rule directory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.table import Table

from fraudstream.cli.console import PLAIN, fail, one_line_errors, out
from fraudstream.cli.explanation import explanation_tree
from fraudstream.cli.kernels import fill_cache
from fraudstream.cli.progress import progress_bar
from fraudstream.config import load_topology
from fraudstream.engine.models import check_models
from fraudstream.engine.selftest import CaseResult, run_cases
from fraudstream.engine.step import Settings
from fraudstream.events.schema import Schema
from fraudstream.rules.costs import costs
from fraudstream.rules.errors import did_you_mean
from fraudstream.rules.json_schemas import FILES, json_schema
from fraudstream.rules.lint import lint
from fraudstream.rules.lock import check_history, new_lock
from fraudstream.rules.ruleset import Rule, Ruleset
from fraudstream.rules.translations import missing_texts
from fraudstream.stores.lock_file import read_lock, write_lock
from fraudstream.stores.rule_directory import load_ruleset
from fraudstream.workbench.explain import explain, read_event
from fraudstream.workbench.mutate import mutate
from fraudstream.workbench.sources import open_source

Directory = Annotated[Path, typer.Argument(help="The rule directory.")]
TopologyFile = Annotated[
    Path | None, typer.Option("--topology", help="A topology file, whose own columns rules may then name.")
]
RULES = Path("rules")


def lint_rules(
    directory: Directory = RULES,
    topology: TopologyFile = None,
    show_costs: Annotated[
        bool, typer.Option("--costs", help="Print what each rule costs, in comparisons per event.")
    ] = False,
) -> None:
    """Check all files of a rule directory; each problem is one line with its place and remedy."""
    with one_line_errors():
        ruleset = load_ruleset(directory)
        problems = [*lint(ruleset, _schema(topology), read_lock(directory)), *check_models(ruleset)]
    if problems:
        raise fail("\n".join(map(str, problems)))
    if show_costs:
        out.print(_costs(ruleset.rules))
    for line in missing_texts(ruleset):
        out.print(f"note: {line}", **PLAIN)
    out.print(f"{len(ruleset.rules)} rules, ruleset {ruleset.version}: no problems", **PLAIN)


def _costs(rules: tuple[Rule, ...]) -> Table:
    table = Table("Rule", box=None, header_style="bold")
    for heading in ("Clauses", "Features", "Keys", "Cost", "Shared"):
        table.add_column(heading, justify="right")
    for cost in costs(rules):
        numbers = (cost.clauses, cost.features, cost.keys, cost.units, cost.shared)
        table.add_row(cost.rule.id, *map(str, numbers))
    return table


def run_tests(directory: Directory = RULES, topology: TopologyFile = None) -> None:
    """Run the inline tests of every rule on the engine itself."""
    with one_line_errors():
        ruleset = load_ruleset(directory)
        schema = _schema(topology)
        fill_cache(ruleset, Settings(schema))
        results = list(run_cases(ruleset, schema))
    out.print(_table(ruleset.rules, results))
    failed = [str(result.problem) for result in results if result.problem is not None]
    if failed:
        raise fail("\n".join([*failed, f"{len(failed)} of {len(results)} cases failed"]))
    out.print(f"{len(results)} cases of {len(ruleset.rules)} rules passed", **PLAIN)


def mutate_rules(
    directory: Directory = RULES,
    rule_id: Annotated[str | None, typer.Option("--rule", help="Only the rule of this id.")] = None,
    topology: TopologyFile = None,
) -> None:
    """Change each rule in every small way; a live rule whose own cases do not notice a change fails."""
    with one_line_errors():
        ruleset = load_ruleset(directory)
        schema = _schema(topology)
        rules = ruleset.rules if rule_id is None else (rule_of(ruleset, rule_id),)
        fill_cache(ruleset, Settings(schema))
        mutations = []
        with progress_bar("mutate", len(rules)) as advance:
            for rule in rules:
                mutations.append(mutate(ruleset, rule, schema))
                advance(1)
    for mutation in mutations:
        if not mutation.fails:
            out.print(*mutation.problems, sep="\n", end="\n" if mutation.problems else "", **PLAIN)
    failed = [str(problem) for mutation in mutations if mutation.fails for problem in mutation.problems]
    tried = f"{sum(mutation.run for mutation in mutations)} changes of {len(rules)} rules"
    if failed:
        raise fail("\n".join([*failed, f"{len(failed)} faults of live rules in {tried}"]))
    out.print(f"{tried}: no live rule lets one pass", **PLAIN)


def explain_rule(
    rule_id: Annotated[str, typer.Argument(metavar="ID", help="The rule.")],
    event: Annotated[Path, typer.Option(help="A JSON file with one event.")],
    history: Annotated[
        list[Path] | None,
        typer.Option(help="Files with the events before it, as `fraudstream replay` reads."),
    ] = None,
    rules: Annotated[Path, typer.Option(help="The rule directory.")] = RULES,
    topology: TopologyFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show what a rule says of an event as a tree: every part with its value, and what is missing."""
    with one_line_errors():
        ruleset = load_ruleset(rules)
        settings = Settings() if topology is None else load_topology(topology).settings()
        sources = [open_source(path) for path in history or ()]
        fill_cache(ruleset, settings)
        before = (batch for source in sources for batch in source.batches())
        found = explain(ruleset, rule_of(ruleset, rule_id), settings, before, read_event(event))
    if as_json:
        typer.echo(orjson.dumps(found.as_json(), option=orjson.OPT_INDENT_2).decode())
    else:
        out.print(explanation_tree(found))


def rule_of(ruleset: Ruleset, rule_id: str) -> Rule:
    """Return a rule by its id; the command fails where there is none."""
    for rule in ruleset.rules:
        if rule.id == rule_id:
            return rule
    known = [rule.id for rule in ruleset.rules]
    remedy = did_you_mean(rule_id, known) or f"known are {', '.join(known) or 'none'}"
    raise fail(f"{rule_id}: there is no such rule: {remedy}")


def _schema(topology: Path | None) -> Schema:
    return Schema() if topology is None else load_topology(topology).event_schema()


def _table(rules: tuple[Rule, ...], results: list[CaseResult]) -> Table:
    table = Table("Rule", "Status", "Passed", "Failed", "Title", box=None, header_style="bold")
    for rule in rules:
        mine = [result for result in results if result.rule_id == rule.id]
        passed = sum(result.passed for result in mine)
        failed = len(mine) - passed
        shown = f"[red]{failed}[/red]" if failed else "0"
        table.add_row(rule.id, rule.spec.standing, str(passed), shown, rule.spec.title)
    return table


def write_schemas(
    directory: Annotated[Path, typer.Argument(help="Where to write them.")] = Path("docs/schemas"),
) -> None:
    """Write the JSON schemas of all rule files, for editors."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for kind in FILES:
            (directory / f"{kind}.schema.json").write_bytes(json_schema(kind))
    except OSError as error:
        raise fail(f"{directory}: cannot be written ({error.strerror}): choose another directory") from None
    out.print(f"{len(FILES)} schemas in {directory}", **PLAIN)


def lock_rules(directory: Directory = RULES) -> None:
    """Write rules.lock.json; refuses to lock an edit that did not raise the rule's version."""
    with one_line_errors():
        ruleset = load_ruleset(directory)
        lock = read_lock(directory)
    problems = check_history(ruleset, lock)
    if problems:
        raise fail("\n".join(map(str, problems)))
    write_lock(directory, new_lock(ruleset, lock))
    out.print(f"{len(ruleset.rules)} rules locked", **PLAIN)
