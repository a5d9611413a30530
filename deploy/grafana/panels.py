"""The kinds of panels: each has a title, a unit, and a text that says what is good, bad, and next."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol, Self, TypeVar

from grafana_foundation_sdk.builders import common as parts
from grafana_foundation_sdk.builders.dashboard import DashboardLink, FieldColor, ThresholdsConfig
from grafana_foundation_sdk.builders.heatmap import Panel as Heatmap
from grafana_foundation_sdk.builders.heatmap import YAxisConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.statetimeline import Panel as StateTimeline
from grafana_foundation_sdk.builders.table import Panel as Table
from grafana_foundation_sdk.builders.timeseries import Panel as Graph
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common, prometheus
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataSourceRef,
    DataTransformerConfig,
    FieldColorModeId,
    Panel,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)

from deploy.grafana.promql import Query

SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
HEIGHT, NUMBER_HEIGHT = 8, 4
"""Of graphs and of numbers, in rows of the grid; it is 24 columns wide."""
GOOD, DOUBTFUL, BAD = "green", "orange", "red"
KEPT = "${__url_time_range}&${datasource:queryparam}&${job:queryparam}&${instance:queryparam}"
"""What a link takes along: the time, and what was chosen."""


class Limits(NamedTuple):
    """From where on a figure is doubtful, and bad; where `bad` is the smaller one, little is bad.

    Where both are the same nothing is doubtful.
    """

    doubtful: float
    bad: float

    @property
    def steps(self) -> list[Threshold]:
        """The colours from the lowest value up."""
        if self.bad < self.doubtful:
            return [Threshold(None, BAD), Threshold(self.bad, DOUBTFUL), Threshold(self.doubtful, GOOD)]
        doubtful = [Threshold(self.doubtful, DOUBTFUL)] if self.bad > self.doubtful else []
        return [Threshold(None, GOOD), *doubtful, Threshold(self.bad, BAD)]


class _AnyPanel(Protocol):
    def title(self, title: str) -> Self: ...
    def id(self, id_val: int) -> Self: ...
    def unit(self, unit: str) -> Self: ...
    def description(self, description: str) -> Self: ...
    def datasource(self, datasource: DataSourceRef) -> Self: ...
    def height(self, h: int) -> Self: ...
    def span(self, w: int) -> Self: ...


_P = TypeVar("_P", bound=_AnyPanel)


def graph(
    title: str, unit: str, text: str, *queries: Query, width: int = 8, stacked: bool = False
) -> Builder[Panel]:
    """Return curves over time; `stacked` where they add up to something."""
    legend = (
        parts.VizLegendOptions()
        .show_legend(True)
        .display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM)
    )
    tooltip = (
        parts.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING)
    )
    panel = _begun(Graph(), title, unit, text, width).min(0).legend(legend).tooltip(tooltip)
    for index, query in enumerate(queries):
        panel.with_target(_target(query, index))
    if stacked:
        panel.stacking(parts.StackingConfig().mode(common.StackingMode.NORMAL)).fill_opacity(30)
    return panel


def number(
    title: str, unit: str, text: str, query: Query, limits: Limits | None, *, width: int = 3, to: str = ""
) -> Builder[Panel]:
    """Return one figure in its colour; a click leads to the dashboard with the uid `to`."""
    panel = (
        _begun(Stat(), title, unit, text, width, NUMBER_HEIGHT)
        .with_target(_target(query))
        .reduce_options(parts.ReduceDataOptions().calcs(["lastNotNull"]))
        .graph_mode(common.BigValueGraphMode.AREA)
        .no_value("no data")
    )
    if limits is None:
        panel.color_scheme(FieldColor().mode(FieldColorModeId.FIXED).fixed_color("text"))
    else:
        panel.color_mode(common.BigValueColorMode.BACKGROUND).thresholds(_thresholds(limits.steps))
    if to:
        link = DashboardLink(f"More in {to}").type(DashboardLinkType.LINK).url(f"/d/{to}?{KEPT}")
        panel.links([link])
    return panel


def states(
    title: str, text: str, query: Query, names: Mapping[str, tuple[str, str]], *, width: int = 12
) -> Builder[Panel]:
    """Return a band of states over time for each answer; `names` are texts and colours by value."""
    mapping = ValueMap({value: ValueMappingResult(*name) for value, name in names.items()})
    return (
        _begun(StateTimeline(), title, "none", text, width)
        .with_target(_target(query))
        .mappings([mapping])
        .color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .thresholds(_thresholds([Threshold(None, BAD), Threshold(1, GOOD)]))
        .show_value(common.VisibilityMode.NEVER)
    )


def heatmap(title: str, unit: str, text: str, buckets: str, *, width: int = 12) -> Builder[Panel]:
    """Return how many values fell into each of the buckets, over time."""
    query = Query(f"sum by (le) (increase(<{buckets}>[rate]))", "{{le}}")
    return (
        _begun(Heatmap(), title, "short", text, width)
        .with_target(_target(query).format(prometheus.PromQueryFormat.HEATMAP))
        .y_axis(YAxisConfig().unit(unit))
    )


def table(title: str, unit: str, text: str, query: Query, *hidden: str, width: int = 12) -> Builder[Panel]:
    """Return the answers of now as rows, with their labels as columns but for those that are hidden."""
    organized = {"excludeByName": dict.fromkeys(("Time", "__name__", *hidden), True)}
    return (
        _begun(Table(), title, unit, text, width)
        .with_target(_target(query).instant().format(prometheus.PromQueryFormat.TABLE))
        .with_transformation(DataTransformerConfig("organize", options=organized))
    )


def _begun(panel: _P, title: str, unit: str, text: str, width: int, height: int = HEIGHT) -> _P:
    panel.title(title).id(stable_id(title)).unit(unit).description(text).datasource(SOURCE)
    return panel.height(height).span(width)


def _target(query: Query, index: int = 0) -> Dataquery:
    target = Dataquery().ref_id(chr(ord("A") + index)).expr(query.promql).datasource(SOURCE)
    return target.legend_format(query.legend) if query.legend else target


def _thresholds(steps: Sequence[Threshold]) -> ThresholdsConfig:
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(list(steps))


def stable_id(title: str) -> int:
    """Return a number that stays a panel's own when others come and go before it."""
    return zlib.crc32(title.encode()) >> 1
