"""One dashboard: what all of them have, around rows of panels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from grafana_foundation_sdk.builders.dashboard import (
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
    Row,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana.panels import SOURCE, stable_id

TAG = "fraudstream"
ALL = models.VariableOption(text="All", value="$__all")


class Uid:
    """By what the dashboards are known, and found by links; they never change."""

    SERVICE = "fraudstream-service"
    DETECTION = "fraudstream-detection"
    RULES = "fraudstream-rules"
    MODEL = "fraudstream-model"
    KAFKA = "fraudstream-kafka"


class Shelf(NamedTuple):
    """A row with a heading; the widths of its panels add up to whole lines of 24."""

    heading: str
    panels: Sequence[Builder[models.Panel]]


def board(
    uid: str, title: str, text: str, *shelves: Shelf, variables: Sequence[QueryVariable] = ()
) -> models.Dashboard:
    """Return a dashboard; `variables` stand behind data source, job and worker."""
    made = Dashboard(f"fraudstream: {title}").uid(uid).description(text).tags([TAG]).readonly()
    made.refresh("30s").time("now-3h", "now").timezone("browser")
    made.tooltip(models.DashboardCursorSync.CROSSHAIR).link(_links())
    made.with_variable(DatasourceVariable("datasource").label("Data source").type("prometheus"))
    made.with_variable(chosen("job", "Job", "label_values(fraudstream_build_info, job)"))
    made.with_variable(
        # Also workers that have never been up: `up` is theirs too.
        chosen("instance", "Worker", 'label_values(fraudstream_build_info{job=~"$job"}, instance)').all_value(
            ".*"
        )
    )
    for variable in variables:
        made.with_variable(variable)
    for shelf in shelves:
        made.with_row(Row(shelf.heading).id(stable_id(shelf.heading)))
        for panel in shelf.panels:
            made.with_panel(panel)
    return made.build()


def chosen(name: str, label: str, query: str) -> QueryVariable:
    """Return a variable of which any number of values can be chosen, at first all."""
    return (
        QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query(query)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .current(ALL)
    )


def _links() -> DashboardLink:
    """Return the links to all dashboards of fraudstream, which keep what is chosen."""
    link = DashboardLink("fraudstream").type(models.DashboardLinkType.DASHBOARDS).tags([TAG])
    return link.include_vars(True).keep_time(True)
