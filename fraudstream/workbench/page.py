"""A back-test as one HTML page that needs nothing else: no script, no network, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from fraudstream.workbench.answers import FRAUD, GENUINE
from fraudstream.workbench.backtest_report import Report
from fraudstream.workbench.charts import Pair, Strip, day_strips, days_per_bar, heatmap, pair_bars
from fraudstream.workbench.figure_texts import figure_table, label_table, money, name_of, percent
from fraudstream.workbench.page_parts import document, figure, section, table

OVERLAPS_MAX = 20
HEATMAP_RULES_MAX = 60
"""The squares of more rules would be too small to read: those with the most hits are drawn."""


def page(report: Report) -> str:
    """Return the page."""
    return document(
        "en", f"Back-test of ruleset {report.backtest.ruleset.version}", "".join(_sections(report))
    )


def _sections(report: Report) -> Iterator[str]:
    yield f"<h1>Back-test of ruleset <code>{escape(report.backtest.ruleset.version)}</code></h1>"
    yield f"<p>{escape(_summary(report))}</p>"
    yield _tiles(report)
    yield _rules(report)
    if report.backtest.is_labelled:
        yield _labels(report)
    yield _days(report)
    yield _overlap(report)


def _summary(report: Report) -> str:
    messages = report.backtest.messages
    span = f"{report.days[0]} to {report.days[-1]}" if report.days else "no day"
    lost = sum(messages.dead_letters.values())
    return (
        f"{messages.judged:,} events on {len(report.days):,} days ({span}, UTC); {messages.late:,} late, "
        f"{messages.duplicates:,} duplicates, {lost:,} dead letters. Values are in {report.currency}."
    )


def _tiles(report: Report) -> str:
    overall, labels = report.overall, report.backtest.tally.labels
    tiles = [
        ("alerts", f"{overall.alerts:,}"),
        ("alerts a day", "" if overall.alerts_per_day is None else f"{overall.alerts_per_day:,.1f}"),
        ("value at risk", money(overall.value_at_risk, report.currency)),
        ("debtors alerted", f"{overall.entities:,}"),
    ]
    if overall.caught is not None:
        tiles += [
            ("frauds / genuine known", f"{labels[FRAUD]:,} / {labels[GENUINE]:,}"),
            ("precision of alerts", percent(overall.told.precision if overall.told else None)),
            ("recall of hits", percent(overall.caught.recall)),
        ]
    cells = (f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in tiles)
    return f'<dl class="tiles">{"".join(cells)}</dl>'


def _rules(report: Report) -> str:
    note = (
        "Hits are events; of all rules, those whose action is not allow. Alerts are what is told after "
        "suppression and alert budgets. A shadow rule decides nothing: its alerts are would-be ones."
    )
    return section("Rules", note, table("Hits and alerts by rule", *figure_table(report)))


def _labels(report: Report) -> str:
    note = (
        "By the labels that are known. Precision, recall and false positives (genuine events for each "
        "fraud) are of hits; budget is the part of the alerts that fits the daily number."
    )
    pairs = [
        Pair(name_of(line), line.caught.precision, line.caught.recall)
        for line in (*report.rules, report.overall)
        if line.hits and line.caught is not None
    ]
    bars = figure(
        pair_bars(pairs, "Precision and recall of hits by rule"),
        '<span class="key one"></span> precision <span class="key two"></span> recall',
    )
    return section("Labels", note, bars + table("Figures by labels", *label_table(report)))


def _days(report: Report) -> str:
    lines = [(-1, report.overall), *enumerate(report.rules)]
    strips = [
        Strip(name_of(line), [day[place] for day in report.alerts_by_day])
        for place, line in lines
        if line.alerts
    ]
    if not strips:
        return section("Alerts by day", "No rule told of anything.", "")
    per_bar = days_per_bar(len(report.days))
    unit = "a day" if per_bar == 1 else f"{per_bar} days"
    note = f"One bar is {unit} with events, each row has its own scale; the number behind is its highest bar."
    strips_drawn = figure(day_strips(strips, report.days, "Alerts by day and rule"))
    return section("Alerts by day", note, strips_drawn)


def _overlap(report: Report) -> str:
    pairs = report.overlaps()
    if not pairs:
        return section("Overlap", "No two rules hit the same event.", "")
    hits = [row[place] for place, row in enumerate(report.overlap)]
    most = sorted((row for row, number in enumerate(hits) if number), key=lambda row: -hits[row])
    drawn = sorted(most[:HEATMAP_RULES_MAX])
    shares = [[report.overlap[row][column] / hits[row] for column in drawn] for row in drawn]
    rows = [
        (each.first, each.second, f"{each.events:,}", percent(each.share)) for each in pairs[:OVERLAPS_MAX]
    ]
    note = (
        "How much of a row's hits are also hits of the column: a full square says that the row adds nothing."
    )
    drawing = figure(heatmap([report.ids[row] for row in drawn], shares, "Overlap of rules"))
    heads = (("Rule", False), ("Rule", False), ("Events both hit", True), ("Of the rarer one's hits", True))
    return section("Overlap", note, drawing + table("Pairs with the most in common", heads, rows))
