"""What the commands have in common that fold history: their options, and what they open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from fraudstream.cli.console import fail
from fraudstream.cli.progress import progress_bar
from fraudstream.cli.topic_history import open_recorded, open_topic
from fraudstream.config import load_map, load_topology
from fraudstream.engine.step import Settings
from fraudstream.rules.durations import parse_duration
from fraudstream.rules.ruleset import Ruleset
from fraudstream.workbench.answers import GENUINE, Answers, LabelColumn, Several, read_label_file
from fraudstream.workbench.lessons import Lessons
from fraudstream.workbench.sources import History, open_histories
from fraudstream.workbench.teaching import label_readers

DATA_HELP = (
    "JSONL, CSV or parquet files, in order of time, or kafka://host:port/topic, with @100..5000 or "
    "@2026-11-01..2026-11-08 behind it for a part. Without host:port the topology says where."
)
Data = Annotated[
    list[str],
    typer.Option("--data", metavar="FILES...", help=DATA_HELP),
]
OptionalData = Annotated[
    list[str] | None,
    typer.Option("--data", metavar="FILES...", help=DATA_HELP),
]
MoreData = Annotated[list[str] | None, typer.Argument(metavar="[FILES]...", hidden=True)]
"""What a shell makes of `--data day-*.jsonl`: the first file goes to the option, the others stand alone."""
MapFile = Annotated[Path | None, typer.Option("--map", help="A YAML file with a `map:` of field names.")]
TopologyFile = Annotated[
    Path | None,
    typer.Option("--topology", help="A topology file: judge with its columns, map, lateness and horizons."),
]
OrderBy = Annotated[
    str | None,
    typer.Option("--order-by", help="Take the rows of a table in the order of this column, as they came."),
]
AsRecorded = Annotated[
    bool,
    typer.Option(
        "--recorded", help="Fold a topic in the order in which the topology's workers did, with their labels."
    ),
]
LabelsFile = Annotated[
    Path | None, typer.Option("--labels", help="JSON lines of fraudstream.label/v1, each with an event_id.")
]
LabelledBy = Annotated[
    str | None,
    typer.Option("--label-column", help="A column of the data that says which events were fraud."),
]
LabelDelay = Annotated[
    str | None,
    typer.Option(
        "--label-delay",
        metavar="DURATION",
        help="Teach labels that have no known_at so long after their events, such as 7d.",
    ),
]
OthersGenuine = Annotated[
    bool, typer.Option("--others-genuine", help="Take events without a label as genuine.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]


def settings_of(topology: Path | None, map_file: Path | None) -> Settings:
    """Return how the engine is to read and judge; RulesetError where a file is wrong."""
    settings = Settings() if topology is None else load_topology(topology).settings()
    return replace(settings, mapping=load_map(map_file)) if map_file else settings


def open_data(
    data: Sequence[str],
    more: Sequence[str] | None,
    order_by: str | None,
    topology: Path | None,
    recorded: bool,
    *,
    with_rulesets: bool = False,
) -> list[History]:
    """Open what is named behind one `--data`, or each behind its own; SourceError where one is not read.

    What is `recorded` may come `with_rulesets`, those that were in force.
    """
    if more and len(data) > 1:
        raise fail(f"{more[0]}: stands behind one of several --data, so that the order is unclear: use one")
    places = [*data, *(more or ())]
    loaded = None if topology is None else load_topology(topology)
    if not recorded:
        return open_histories(places, order_by, {"kafka": lambda place: open_topic(place, loaded)})
    if loaded is None or len(places) != 1 or not places[0].startswith("kafka://"):
        raise fail(
            "--recorded: is about one topic: name it as kafka://topic, with the --topology of its workers"
        )
    open_it = partial(open_recorded, topology=loaded, with_rulesets=with_rulesets)
    return open_histories(places, order_by, {"kafka": open_it})


def batches_of(histories: Sequence[History]) -> Iterator[Sequence[bytes | None]]:
    """Yield the messages of all histories, one after the other."""
    return (batch for history in histories for batch in history.batches())


def answers_of(file: Path | None, column: str | None) -> Answers | None:
    """Return what is known of past events, None where no labels are given."""
    answers: list[Answers] = []
    if file is not None:
        answers.append(read_label_file(file))
    if column is not None:
        answers.append(LabelColumn(column))
    return Several(answers) if answers else None


def with_others(answers: Answers | None, others_genuine: bool) -> Answers | None:
    """Return the answers by which events are counted, in which others are genuine if that is asked for."""
    if not others_genuine:
        return answers
    if answers is None:
        raise fail("--others-genuine: there are no labels: give --labels or --label-column too")
    return Several([answers], GENUINE)


def lessons_of(
    rulesets: Sequence[Ruleset],
    settings: Settings,
    answers: Answers | None,
    delay: str | None,
    recorded: bool,
) -> Lessons | None:
    """Return what labels teach, None where nothing of the rulesets reads any, or none are given.

    Events that are only taken as genuine are never taught: no worker would hear of them. What is `recorded`
    brings the labels with it that its workers heard of.
    """
    delay_us = _delay_us(delay)
    if recorded:
        if delay is not None:
            raise fail(
                "--label-delay: what is --recorded has its labels in their places: leave one of them out"
            )
        return None
    if answers is None and delay is not None:
        raise fail("--label-delay: there are no labels: give --labels or --label-column too")
    if answers is None or not any(map(label_readers, rulesets)):
        return None
    return Lessons(settings, answers, delay_us)


def _delay_us(delay: str | None) -> int | None:
    try:
        return None if delay is None else parse_duration(delay)
    except ValueError as error:
        raise fail(f"--label-delay: {error}") from None


@contextmanager
def progress_of(name: str, histories: Sequence[History]) -> Iterator[Callable[[int], None]]:
    """Show how far a fold over histories is, against their rows if all are known."""
    known = [history.rows for history in histories]
    total = sum(rows or 0 for rows in known) if None not in known else None
    with progress_bar(name, total) as advance:
        yield advance
