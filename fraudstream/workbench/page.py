"""A back-test as one HTML page that needs nothing else: no script, no network, light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from fraudstream.workbench.answers import FRAUD, GENUINE
from fraudstream.workbench.backtest_report import Report
from fraudstream.workbench.charts import Pair, Strip, day_strips, days_per_bar, heatmap, pair_bars
from fraudstream.workbench.figure_texts import figure_table, label_table, money, name_of, percent
from fraudstream.workbench.page_style import STYLE

OVERLAPS_MAX = 20
HEATMAP_RULES_MAX = 60
"""The squares of more rules would be too small to read: those with the most hits are drawn."""


def page(report: Report) -> str:
    """Return the page."""
    sections = "".join(_sections(report))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Back-test of ruleset {escape(report.backtest.ruleset.version)}</title>"
        f"<style>{STYLE}</style></head><body><main>{sections}</main></body></html>\n"
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
    return _section("Rules", note, _table("Hits and alerts by rule", *figure_table(report)))


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
    bars = _figure(
        pair_bars(pairs, "Precision and recall of hits by rule"),
        '<span class="key one"></span> precision <span class="key two"></span> recall',
    )
    return _section("Labels", note, bars + _table("Figures by labels", *label_table(report)))


def _days(report: Report) -> str:
    lines = [(-1, report.overall), *enumerate(report.rules)]
    strips = [
        Strip(name_of(line), [day[place] for day in report.alerts_by_day])
        for place, line in lines
        if line.alerts
    ]
    if not strips:
        return _section("Alerts by day", "No rule told of anything.", "")
    per_bar = days_per_bar(len(report.days))
    unit = "a day" if per_bar == 1 else f"{per_bar} days"
    note = f"One bar is {unit} with events, each row has its own scale; the number behind is its highest bar."
    strips_drawn = _figure(day_strips(strips, report.days, "Alerts by day and rule"))
    return _section("Alerts by day", note, strips_drawn)


def _overlap(report: Report) -> str:
    pairs = report.overlaps()
    if not pairs:
        return _section("Overlap", "No two rules hit the same event.", "")
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
    drawing = _figure(heatmap([report.ids[row] for row in drawn], shares, "Overlap of rules"))
    heads = (("Rule", False), ("Rule", False), ("Events both hit", True), ("Of the rarer one's hits", True))
    return _section("Overlap", note, drawing + _table("Pairs with the most in common", heads, rows))


def _section(title: str, note: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2><p>{escape(note)}</p>{body}</section>"


def _figure(drawing: str, caption: str = "") -> str:
    told = f"<figcaption>{caption}</figcaption>" if caption else ""
    return f"<figure>{told}{drawing}</figure>"


def _table(title: str, heads: Sequence[tuple[str, bool]], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column names its rows; `heads` says of each column whether it is numeric."""
    kinds = [' class="number"' if numeric else "" for _, numeric in heads]
    head = "".join(
        f'<th scope="col"{kind}>{escape(name)}</th>' for (name, _), kind in zip(heads, kinds, strict=True)
    )
    body = "".join(f"<tr>{_row(row, kinds)}</tr>" for row in rows)
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(title)}"><table>'
        f"<caption>{escape(title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(cells: Sequence[str], kinds: Sequence[str]) -> str:
    first = f'<th scope="row">{escape(cells[0])}</th>'
    rest = zip(cells[1:], kinds[1:], strict=True)
    return first + "".join(f"<td{kind}>{escape(cell)}</td>" for cell, kind in rest)
