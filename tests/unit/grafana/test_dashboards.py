"""Dashboards ask for what is there, in units and words that somebody understands at night."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from deploy.grafana.board import Uid
from deploy.grafana.promql import Query
from fraudstream.telemetry.docs import Row, rows
from fraudstream.telemetry.metrics import Metrics
from tests.dashboards import Asked, dashboards, panels, queries
from tests.meta.test_documented_commands import commands, fault

OF_A_TARGET = {"job", "instance"}
UNITS = {"bytes", "Bps", "eps", "none", "percentunit", "s", "short"}
"""Of Grafana's names of units, those in use; a name that it does not know is shown as it is."""
MANY = {"rule", "band", "feature", "partition", "shard"}
"""Labels of which there may be hundreds of values."""
PANELS = [
    pytest.param(panel, id=f"{board['uid']}-{panel['title']}")
    for board in dashboards()
    for panel in panels(board)
]
QUERIES = [pytest.param(asked, id=f"{asked.name}-{number}") for number, asked in enumerate(queries())]


def known() -> dict[str, set[str]]:
    """Return the labels of every series that a worker shows, by name."""
    metrics = Metrics()
    own = [row for subject in vars(metrics).values() for row in rows(subject)]
    found = {name: labels for row in own for name, labels in series(row)}
    process = {sample.name: set[str]() for family in metrics.registry.collect() for sample in family.samples}
    return {name: set() for name in process if name.startswith("process_")} | {"up": set()} | found


def series(row: Row) -> list[tuple[str, set[str]]]:
    """Return names and labels of the series of a metric."""
    labels = set(row.labels)
    if row.kind != "histogram":
        return [(row.name, labels)]
    return [
        (f"{row.name}_bucket", labels | {"le"}),
        (f"{row.name}_sum", labels),
        (f"{row.name}_count", labels),
    ]


KNOWN = known()


@pytest.mark.parametrize("panel", PANELS)
def test_every_panel_explains_itself(panel: dict[str, Any]) -> None:
    """It has a unit, asks for something, and says what is good, what is bad and what to do next."""
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert panel["targets"]
    places = [panel["description"].find(word) for word in ("Good: ", "Bad: ", "Next: ")]
    assert 0 < places[0] < places[1] < places[2]
    assert panel["description"].endswith((".", "?"))
    assert [command for command in commands(panel["description"]) if fault(*command)] == []


@pytest.mark.parametrize("asked", QUERIES)
def test_every_query_asks_for_what_is_there(asked: Asked) -> None:
    """Its metrics and their labels exist, of the workers that are chosen; so do the labels of its legend."""
    assert asked.selectors
    there: set[str] = set()
    for metric, labels in asked.selectors:
        assert metric in KNOWN
        assert set(labels) <= KNOWN[metric] | OF_A_TARGET
        assert set(labels) >= OF_A_TARGET
        there |= KNOWN[metric]
    assert asked.kept <= there | OF_A_TARGET
    assert set(re.findall(r"{{(\w+)}}", asked.legend)) <= asked.kept
    assert "<" not in asked.query
    assert all(f"{name}{{" in asked.query for name in re.findall(r"fraudstream_\w+|process_\w+", asked.query))


@pytest.mark.parametrize("asked", QUERIES)
def test_no_query_draws_hundreds_of_curves(asked: Asked) -> None:
    """What is summed by rule, feature or partition is cut to the ten highest, or counted."""
    if asked.kept & MANY:
        assert asked.query.startswith(("topk(10, ", "bottomk(10, ", "count("))


def test_what_can_be_chosen_is_there() -> None:
    """The values of a variable are those of a label that exists."""
    for board in dashboards():
        asked = [each["query"] for each in board["templating"]["list"] if each["type"] == "query"]
        found = [re.fullmatch(r"label_values\((\w+)(?:{.*})?, (\w+)\)", query) for query in asked]
        assert len(found) >= 2
        assert all(each and each[2] in KNOWN[each[1]] | OF_A_TARGET for each in found)


def test_dashboards_and_panels_can_be_told_apart() -> None:
    """Ids and titles are unique, so that links and alerts find a panel again."""
    boards = dashboards()
    assert {board["uid"] for board in boards} == {
        uid for name, uid in vars(Uid).items() if not name.startswith("_")
    }
    assert len({board["title"] for board in boards}) == len(boards) == 5
    for board in boards:
        assert max(Counter(panel["id"] for panel in board["panels"]).values()) == 1
        assert max(Counter(panel["title"] for panel in board["panels"]).values()) == 1


def test_ids_stay_what_they_are() -> None:
    """A panel keeps its id when others come before it."""
    (service,) = [board for board in dashboards() if board["uid"] == "fraudstream-service"]
    assert [panel["id"] for panel in panels(service) if panel["title"] == "Workers not answering"] == [
        1629040671
    ]


def test_links_lead_to_dashboards_and_keep_what_is_chosen() -> None:
    """Those of a panel go to a dashboard that exists; those of a dashboard to all of them."""
    boards = dashboards()
    uids = {board["uid"] for board in boards}
    links = [link for board in boards for panel in panels(board) for link in panel.get("links", [])]
    assert len(links) > 5
    for link in links:
        path, _, kept = link["url"].partition("?")
        assert path.removeprefix("/d/") in uids
        assert all(name in kept for name in ("__url_time_range", "datasource", "job", "instance"))
    for board in boards:
        (link,) = board["links"]
        assert (link["tags"], link["includeVars"], link["keepTime"]) == (board["tags"], True, True)


def test_panels_fill_whole_lines() -> None:
    """No panel overlaps another or leaves a gap at its right."""
    for board in dashboards():
        cells = Counter(
            (x, y)
            for panel in board["panels"]
            for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
            for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
        )
        height = 1 + max(y for _, y in cells)
        assert set(cells.values()) == {1}
        assert len(cells) == 24 * height


def test_short_queries_are_written_out() -> None:
    """Prefix, choice and time of a rate are put in, and nothing else is touched."""
    assert Query('sum(rate(<decisions_total, action!="allow">[rate])) < 3').promql == (
        'sum(rate(fraudstream_decisions_total{job=~"$job",instance=~"$instance",action!="allow"}'
        "[$__rate_interval])) < 3"
    )
    assert Query("<up> == 0").promql == 'up{job=~"$job",instance=~"$instance"} == 0'
