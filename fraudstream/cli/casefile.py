"""`fraudstream explain`: the whole evidence of an alert."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import orjson
import typer

from fraudstream.cli.casefile_view import show
from fraudstream.cli.console import fail, one_line_errors
from fraudstream.cli.history import DATA_HELP, MapFile, open_data, progress_of, settings_of
from fraudstream.cli.rules import RULES
from fraudstream.cli.service import Bootstrap, kept_by
from fraudstream.cli.targets import target_of
from fraudstream.cli.topic_history import open_topic
from fraudstream.config import Topology, load_topology
from fraudstream.engine.step import Settings
from fraudstream.stores.rule_search import RuleSearch
from fraudstream.workbench.casefile.alerts import FoundAlert, Given, Origin, find_alert, in_file
from fraudstream.workbench.casefile.at_hand import AtHand, Place
from fraudstream.workbench.casefile.evidence import Past, evidence
from fraudstream.workbench.casefile.page import page
from fraudstream.workbench.casefile.time_line import counted_by, read_events
from fraudstream.workbench.sources import History, SourceError


class Language(StrEnum):
    """The languages of case files."""

    EN = "en"
    ZH = "zh"


def explain_alert(
    alert_id: Annotated[str, typer.Argument(metavar="ALERT_ID", help="The id of the alert, or its begin.")],
    *,
    alerts: Annotated[
        Path | None, typer.Option(help="A file of alerts, one a line, as `fraudstream replay` writes.")
    ] = None,
    topology: Annotated[
        Path | None,
        typer.Option(help="A topology file: its alert topics, its columns, and the rulesets that it keeps."),
    ] = None,
    kafka: Bootstrap = None,
    rules: Annotated[
        Path | None,
        typer.Option(help="A rule directory or a bundle; else what the topology names, or `rules`."),
    ] = None,
    history: Annotated[
        list[str] | None, typer.Option(metavar="FILES...", help=f"Where the counted events are: {DATA_HELP}")
    ] = None,
    back: Annotated[
        int,
        typer.Option(
            min=0, help="Without --history: look through so many messages before that of the event."
        ),
    ] = 100_000,
    map_file: MapFile = None,
    language: Annotated[Language, typer.Option(help="The language of the evidence.")] = Language.EN,
    html: Annotated[Path | None, typer.Option(help="Write it as one HTML page, for the case file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show the whole evidence of an alert: why it was told, by which figures, and what cannot be told."""
    if alerts is None and topology is None:
        raise fail("where is the alert? Give --topology for its topics, or --alerts FILE")
    with one_line_errors():
        loaded = None if topology is None else load_topology(topology).with_kafka(kafka)
        settings = settings_of(topology, map_file)
        found = _alert(alert_id, alerts, loaded)
        at_hand = _at_hand(found, _search(rules, topology, kafka))
        past = _past(found, settings, _histories(history, topology), loaded, back)
        told = evidence(found, at_hand, settings, past, language)
    if html is not None:
        _write(html, page(told))
    if as_json:
        typer.echo(orjson.dumps(told.as_json(), option=orjson.OPT_INDENT_2).decode())
    elif html is None:
        show(told)


def _alert(alert_id: str, file: Path | None, topology: Topology | None) -> FoundAlert:
    if file is not None:
        return find_alert(alert_id, in_file(file), str(file))
    assert topology is not None
    where = " and ".join(topology.output.told)
    return find_alert(alert_id, _in_topics(topology), f"{where} of {topology.kafka.bootstrap}")


def _in_topics(topology: Topology) -> Iterator[Given]:
    from fraudstream.stream.errors import BrokerError  # noqa: PLC0415 - Faust is slow to import
    from fraudstream.stream.told import told_alerts  # noqa: PLC0415 - as above

    try:
        for each in told_alerts(topology):
            yield Given(each.value, each.place, None if each.source is None else Origin(*each.source))
    except BrokerError as error:
        raise fail(str(error)) from None


def _search(rules: Path | None, topology: Path | None, kafka: str | None) -> RuleSearch:
    """Return where rulesets lie, by what was named."""
    loaded = None if topology is None else load_topology(topology).with_kafka(kafka)
    kept = None if loaded is None else kept_by(loaded)
    archive = None if kept is None else kept.archive
    if rules is not None:
        return RuleSearch(
            archive, target_of(rules, kafka).place if rules.is_file() else None, _directory(rules)
        )
    if loaded is None or topology is None:
        return RuleSearch(directory=_directory(RULES))
    directory = loaded.rule_source.directory
    return RuleSearch(archive, target_of(topology, kafka).place if directory is None else None, directory)


def _directory(rules: Path) -> Path | None:
    return rules if rules.is_dir() else None


def _at_hand(alert: FoundAlert, search: RuleSearch) -> AtHand:
    try:
        exact = search.find(alert.content["ruleset_version"])
        found = exact or search.in_force()
    except OSError as error:
        raise fail(f"rulesets cannot be read ({error}): check the path, and the topology") from None
    places = {kind: Place(kind, name) for kind, name in search.places()}
    if found is None:
        return AtHand(tuple(places.values()))
    kind, ruleset = found
    return AtHand(tuple(places.values()), ruleset, places[kind], exact is not None)


def _histories(history: Sequence[str] | None, topology: Path | None) -> list[History] | None:
    return open_data(history, None, None, topology, recorded=False) if history else None


def _past(
    alert: FoundAlert,
    settings: Settings,
    histories: list[History] | None,
    topology: Topology | None,
    back: int,
) -> Past:
    """Read the counted events: where that is said, or in the topic up to the event's own message."""
    if alert.is_summary:
        return Past()
    wanted = counted_by(alert.content)
    if histories is not None:
        with progress_of("history", histories) as advance:
            return Past(read_events(wanted, histories, settings, advance))
    origin = alert.origin
    if origin is None or topology is None or not back:
        return Past()
    start = max(0, origin.offset - back)
    place = f"kafka://{origin.topic}@{origin.partition}:{start}..{origin.offset + 1}"
    try:
        spans = [open_topic(place, topology)]
        with progress_of("history", spans) as advance:
            return Past(read_events(wanted, spans, settings, advance), f"{place}.")
    except SourceError as error:
        return Past({}, f"{error}.")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise fail(f"{path}: cannot be written ({error.strerror}): choose another path") from None
