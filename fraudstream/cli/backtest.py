"""`fraudstream backtest`: what a rule directory would have done over a history."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.table import Table

from fraudstream.cli.console import PLAIN, fail, one_line_errors, out
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
    OthersGenuine,
    TopologyFile,
    answers_of,
    lessons_of,
    open_data,
    progress_of,
    settings_of,
    with_others,
)
from fraudstream.cli.kernels import fill_cache
from fraudstream.stores.rule_directory import load_ruleset
from fraudstream.workbench.answers import FRAUD, GENUINE
from fraudstream.workbench.backtest import Backtest
from fraudstream.workbench.backtest_report import Report, report
from fraudstream.workbench.figure_texts import figure_table, label_table, percent
from fraudstream.workbench.page import page
from fraudstream.workbench.teaching import label_readers, teaching_lines

PAIRS_SHOWN = 10


def backtest(
    data: Data,
    more: MoreData = None,
    *,
    rules: Annotated[Path, typer.Option(help="The rule directory.")] = Path("rules"),
    map_file: MapFile = None,
    topology: TopologyFile = None,
    order_by: OrderBy = None,
    recorded: AsRecorded = False,
    labels: LabelsFile = None,
    label_column: LabelledBy = None,
    label_delay: LabelDelay = None,
    others_genuine: OthersGenuine = False,
    alerts_a_day: Annotated[
        int | None, typer.Option(min=1, help="How many alerts a team can look at on one day.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write the report as one HTML page.")] = None,
    as_json: AsJson = False,
) -> None:
    """Judge history as the service would, and count what each rule hits, tells of and gets right."""
    with one_line_errors():
        ruleset = load_ruleset(rules)
        settings = settings_of(topology, map_file)
        histories = open_data(data, more, order_by, topology, recorded)
        given = answers_of(labels, label_column)
        answers = with_others(given, others_genuine)
        lessons = lessons_of([ruleset], settings, given, label_delay, recorded)
        _check_writable(html, [*data, *(more or ())])
        fill_cache(ruleset, settings)
        run = Backtest(ruleset, settings, answers, alerts_a_day, lessons)
        start = time.perf_counter()
        with progress_of("back-test", histories) as advance:
            run.fold(histories, advance)
        seconds = time.perf_counter() - start
    found = report(run)
    if html is not None:
        html.write_text(page(found), encoding="utf-8")
    _show(found, seconds)
    for line in teaching_lines(label_readers(ruleset), run.taught):
        out.print(line, **PLAIN)
    if as_json:
        typer.echo(orjson.dumps(found.as_json()).decode())


def _check_writable(path: Path | None, data: Sequence[str]) -> None:
    """Fail before the fold and not behind it."""
    if path is None:
        return
    if path.resolve() in {Path(each).resolve() for each in data}:
        raise fail(f"{path}: is also read: choose another path for the page")
    try:
        path.touch()
    except OSError as error:
        raise fail(f"{path}: cannot be written ({error.strerror}): choose another path") from None


def _show(found: Report, seconds: float) -> None:
    messages, overall = found.backtest.messages, found.overall
    lost = ", ".join(f"{reason} {number:,}" for reason, number in messages.dead_letters.most_common())
    lines = [
        f"ruleset {found.backtest.ruleset.version}: {messages.events_in:,} messages in {seconds:.1f} s, "
        f"{messages.events_in / seconds:,.0f} a second",
        f"{messages.judged:,} judged on {len(found.days):,} days, {messages.late:,} late, "
        f"{messages.duplicates:,} duplicates, dead letters: {lost or 'none'}",
        f"{overall.alerts:,} alerts; {messages.suppressed:,} hits kept back, "
        f"{messages.held_back:,} over budget; values in {found.currency}",
    ]
    out.print(*lines, sep="\n", **PLAIN)
    out.print(_table(*figure_table(found)))
    if found.backtest.is_labelled:
        counts = found.backtest.tally.labels
        out.print(f"labels: {counts[FRAUD]:,} frauds, {counts[GENUINE]:,} genuine", **PLAIN)
        out.print(_table(*label_table(found)))
    pairs = found.overlaps()
    if pairs:
        heads = (("Overlap", False), ("", False), ("Events", True), ("Of the rarer", True))
        rows = [(each.first, each.second, f"{each.events:,}", percent(each.share)) for each in pairs]
        out.print(_table(heads, rows[:PAIRS_SHOWN]))
        if len(rows) > PAIRS_SHOWN:
            out.print(f"and {len(rows) - PAIRS_SHOWN:,} pairs more, see --json or --html", **PLAIN)


def _table(heads: Sequence[tuple[str, bool]], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(box=None, header_style="bold")
    for name, numeric in heads:
        if numeric:
            table.add_column(name.replace(" ", "\n"), justify="right", no_wrap=True, vertical="bottom")
        else:
            # On a narrow terminal names break, and no digit is lost.
            table.add_column(name, overflow="fold", min_width=4)
    for row in rows:
        table.add_row(*row)
    return table
