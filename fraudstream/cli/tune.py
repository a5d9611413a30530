"""`fraudstream tune`: what a rule would hit at other values of one of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.table import Table

from fraudstream.cli.console import PLAIN, err, fail, one_line_errors, out
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
    batches_of,
    lessons_of,
    open_data,
    settings_of,
    with_others,
)
from fraudstream.cli.kernels import fill_cache
from fraudstream.cli.rules import RULES, rule_of
from fraudstream.stores.rule_directory import load_ruleset
from fraudstream.workbench.teaching import label_readers, teaching_lines
from fraudstream.workbench.thresholds import thresholds
from fraudstream.workbench.tune import Sampling, Tuning, tune
from fraudstream.workbench.tune_page import page, part_of, shown
from fraudstream.workbench.tune_report import tuning_json, write_below


def tune_rule(
    rule_id: Annotated[str, typer.Argument(metavar="RULE", help="The id of the rule.")],
    more: MoreData = None,
    *,
    param: Annotated[str, typer.Option(help="The parameter to sweep.")],
    values: Annotated[str, typer.Option("--range", help="LOW:HIGH:STEP, or a list such as 1,2,5.")],
    data: Data,
    rules: Annotated[Path, typer.Option(help="The rule directory.")] = RULES,
    topology: TopologyFile = None,
    map_file: MapFile = None,
    order_by: OrderBy = None,
    recorded: AsRecorded = False,
    labels: LabelsFile = None,
    label_column: LabelledBy = None,
    label_delay: LabelDelay = None,
    others_genuine: OthersGenuine = False,
    alerts_a_day: Annotated[
        float | None, typer.Option(help="Suggest the best value with at most so many alerts a day.", min=0)
    ] = None,
    below: Annotated[
        Path | None, typer.Option(help="Write the events to be judged below the line, as CSV.")
    ] = None,
    sample: Annotated[int, typer.Option(help="How many events to draw for each value below.", min=1)] = 20,
    seed: Annotated[int, typer.Option(help="Draws the same events again.")] = 0,
    html: Annotated[Path | None, typer.Option(help="Write a page with curves.")] = None,
    as_json: AsJson = False,
) -> None:
    """Sweep a parameter of a rule over history in one pass: hits, alerts a day, precision and recall."""
    sampling = None if below is None else Sampling(sample, seed)
    with one_line_errors():
        ruleset = load_ruleset(rules)
        rule = rule_of(ruleset, rule_id)
        swept = thresholds(rule, param, values)
        settings = settings_of(topology, map_file)
        given = answers_of(labels, label_column)
        known = with_others(given, others_genuine)
        lessons = lessons_of([ruleset], settings, given, label_delay, recorded)
        histories = open_data(data, more, order_by, topology, recorded)
        fill_cache(ruleset, settings)
        with err.status("sweep"):
            found = tune(
                ruleset,
                rule,
                swept,
                settings,
                batches_of(histories),
                known,
                sampling,
                lessons,
            )
    content = tuning_json(found, alerts_a_day)
    if html is not None:
        _write(html, page(content))
    if as_json:
        typer.echo(orjson.dumps(content).decode())
    else:
        _show(content)
        for line in teaching_lines(label_readers(ruleset), found.taught):
            out.print(line, **PLAIN)
    if below is not None and sampling is not None:
        _write_below(below, found, sampling)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise fail(f"{path}: cannot be written ({error.strerror}): choose another path") from None


def _write_below(path: Path, found: Tuning, sampling: Sampling) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            number = write_below(file, found, sampling)
    except OSError as error:
        raise fail(f"{path}: cannot be written ({error.strerror}): choose another path") from None
    bands = len(found.bands)
    message = f"{number} events of {bands} bands below the line in {path}, drawn by seed {sampling.seed}"
    none = f"no value of the range hits more than the current one: {path} is empty"
    err.print(message if number else none, **PLAIN)


def _show(content: Mapping[str, Any]) -> None:
    rule, param = content["rule"], content["param"]
    unit = f" {param['unit']}" if param["unit"] else ""
    out.print(
        f"{rule['id']} v{rule['version']}: {param['name']} is {param['current']}{unit}; "
        f"{content['events']:,} events on {content['days']} days",
        **PLAIN,
    )
    out.print(_values(content))
    out.print(_weeks(content))
    for line in _lines(content):
        out.print(line, **PLAIN)


def _values(content: Mapping[str, Any]) -> Table:
    labelled = any(content["labels"].values())
    keys = ["value", "hits", "entities", "alerts_a_day"]
    keys += ["precision", "recall", "value_recall"] if labelled else []
    table = Table(box=None, header_style="bold")
    for key in keys:
        title = content["param"]["name"] if key == "value" else key.replace("_", " ").capitalize()
        table.add_column(title, justify="right")
    table.add_column("")
    for each in content["values"]:
        table.add_row(*(shown(each[key]) for key in keys), part_of(content, each["value"]) or "")
    return table


def _weeks(content: Mapping[str, Any]) -> Table:
    parts = ["current"] if content["suggested"] is None else ["current", "suggested"]
    table = Table("Week from", box=None, header_style="bold")
    table.add_column("Events", justify="right")
    for part in parts:
        table.add_column(f"Hits, {part}", justify="right")
        table.add_column(f"Precision, {part}", justify="right")
    for week in content["weeks"]:
        figures = [shown(week[part][key]) for part in parts for key in ("hits", "precision")]
        table.add_row(week["from"], shown(week["events"]), *figures)
    return table


def _lines(content: Mapping[str, Any]) -> list[str]:
    labels, most, suggested = content["labels"], content["alerts_a_day_max"], content["suggested"]
    lines = [*content["notes"]]
    if any(labels.values()):
        lines.append(f"labels: {labels['fraud']:,} fraud, {labels['genuine']:,} genuine")
    if most is not None and suggested is None:
        lines.append(f"no value gives at most {most:g} alerts a day: extend the range, or raise the budget")
    elif most is not None:
        by = "recall" if labels["fraud"] else "hits"
        name = content["param"]["name"]
        lines.append(f"suggested: {name} {suggested}, the most {by} within {most:g} alerts a day")
    return lines
