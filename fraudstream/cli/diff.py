"""`fraudstream diff`: what a changed rule directory would decide otherwise over a history."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.table import Table

from fraudstream.cli.console import PLAIN, err, one_line_errors, out
from fraudstream.cli.history import (
    AsJson,
    AsRecorded,
    Data,
    LabelDelay,
    LabelledBy,
    LabelsFile,
    MapFile,
    MoreData,
    OrderBy,
    TopologyFile,
    answers_of,
    lessons_of,
    open_data,
    progress_of,
    settings_of,
)
from fraudstream.cli.kernels import fill_cache
from fraudstream.stores.rule_directory import load_ruleset
from fraudstream.workbench.diff import Diff, Example, Kind, Side
from fraudstream.workbench.diff_report import RuleDiff, rule_diffs
from fraudstream.workbench.diff_report import as_json as diff_json
from fraudstream.workbench.teaching import label_readers, teaching_lines

TOO_MUCH = 3
"""The exit code where more decisions change than is allowed."""
_KINDS = {
    Kind.NEW_ALERT: "new alerts",
    Kind.LOST_ALERT: "lost alerts",
    Kind.CHANGED_ACTION: "changed actions",
}


def diff(
    old: Annotated[Path, typer.Argument(help="The rule directory as it is.")],
    new: Annotated[Path, typer.Argument(help="The rule directory as it would be.")],
    data: Data,
    more: MoreData = None,
    *,
    map_file: MapFile = None,
    topology: TopologyFile = None,
    order_by: OrderBy = None,
    recorded: AsRecorded = False,
    labels: LabelsFile = None,
    label_column: LabelledBy = None,
    label_delay: LabelDelay = None,
    examples: Annotated[int, typer.Option(min=0, help="At most so many examples of each kind.")] = 5,
    max_change: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="End with 3 where a larger share of the decisions changes."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge history by two rule directories at once, and show where they differ, with the actual values."""
    with one_line_errors():
        rulesets = load_ruleset(old), load_ruleset(new)
        settings = settings_of(topology, map_file)
        histories = open_data(data, more, order_by, topology, recorded)
        lessons = lessons_of(rulesets, settings, answers_of(labels, label_column), label_delay, recorded)
        fill_cache(rulesets[1], settings)
        run = Diff(*rulesets, settings, examples, lessons)
        start = time.perf_counter()
        with progress_of("diff", histories) as advance:
            run.fold(histories, advance)
        seconds = time.perf_counter() - start
    _show(run, seconds)
    readers = list(dict.fromkeys(name for each in rulesets for name in label_readers(each)))
    for line in teaching_lines(readers, run.taught):
        out.print(line, **PLAIN)
    if as_json:
        typer.echo(orjson.dumps(diff_json(run)).decode())
    if max_change is not None and run.changed_share > max_change:
        words = f"{run.changed_share:.4%} of the decisions change, more than the {max_change:.4%} allowed"
        err.print(f"{words}: look at the rules above, or raise --max-change", style="red", **PLAIN)
        raise typer.Exit(TOO_MUCH)


def _show(found: Diff, seconds: float) -> None:
    out.print(
        f"ruleset {found.old.version} to {found.new.version}: {found.events_in:,} messages in "
        f"{seconds:.1f} s, {found.judged:,} judged",
        f"{found.changed:,} decisions change ({found.changed_share:.4%}); "
        f"alerts {found.old_alerts:,} to {found.new_alerts:,}",
        ", ".join(f"{found.events[kind]:,} {name}" for kind, name in _KINDS.items()),
        *(f"{old} to {new}: {events:,}" for (old, new), events in found.actions.most_common()),
        sep="\n",
        **PLAIN,
    )
    differing = [rule for rule in rule_diffs(found) if rule.matters]
    if differing:
        out.print(_table(differing))
    for kind, name in _KINDS.items():
        lines = [line for example in found.examples(kind) for line in _lines(example)]
        if lines:
            out.print(f"{name}, for example:", *lines, sep="\n", **PLAIN)


def _table(rules: Sequence[RuleDiff]) -> Table:
    table = Table("Rule", "Change", box=None, header_style="bold")
    for heading in ("Hits", "then", "Gained", "Lost", "Alerts +", "Alerts -", "Actions"):
        table.add_column(heading, justify="right")
    for rule in rules:
        identity, change, *numbers = rule
        table.add_row(identity, change, *(f"{number:,}" for number in numbers))
    return table


def _lines(example: Example) -> Iterator[str]:
    amount = "" if example.amount is None else f", {example.amount} {example.currency}"
    debtor = "" if example.debtor_id is None else f", debtor {example.debtor_id}"
    yield f"  {example.event_id} at {example.occurred_at}{amount}{debtor}"
    for name, side in (("old", example.old), ("new", example.new)):
        yield from _side(name, side)


def _side(name: str, side: Side) -> Iterator[str]:
    untold = "no alert" if side.action == "allow" else "kept back"
    told = "" if side.reasons else f", {untold}"
    yield f"    {name}: {side.action}, score {side.score}{told}"
    for each in side.reasons:
        yield f"      {each.rule}: {each.reason}"
