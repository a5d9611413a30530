"""How the demo looks: a live view while it runs, tables of what was found, and a summary."""

from __future__ import annotations

from typing import Any

from rich.console import Console, Group
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from loadtest.demo_report import Found, alerts_by_rule, count, hits_by_rule
from loadtest.metrics_page import Metrics

_NEWEST_LIVE = 6
_NEWEST_AT_END = 12
_COLORS = {"review": "yellow", "report": "cyan", "hold": "magenta", "block": "red"}


class View:
    """The live view: events sent and judged, and the newest alerts."""

    def __init__(self, events: int) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        )
        self._sent = self._progress.add_task("sent", total=events)
        self._judged = self._progress.add_task("judged", total=events)

    def update(self, sent: int, samples: Metrics) -> None:
        """Move the bars."""
        self._progress.update(self._sent, completed=sent)
        self._progress.update(self._judged, completed=count(samples, "fraudstream_events_total"))

    def render(self, found: Found) -> Group:
        """Return what is on the screen now."""
        return Group(self._progress, alert_table(found.alerts[-_NEWEST_LIVE:], f"{len(found.alerts)} alerts"))


def alert_table(alerts: list[Any], title: str) -> Table:
    """Return alerts as a table, the newest first, with the reason of their strongest rule."""
    table = Table(title=title, title_justify="left", header_style="bold", expand=True)
    for name, ratio in (
        ("Occurred", 3),
        ("Who", 2),
        ("Action", 2),
        ("Score", 1),
        ("Rules", 3),
        ("Reason", 12),
    ):
        table.add_column(name, ratio=ratio, overflow="fold")
    for alert in reversed(alerts):
        event = alert["event"]
        strongest = max(alert["rules"], key=lambda rule: rule["score"])
        color = _COLORS.get(alert["action"], "white")
        table.add_row(
            event["occurred_at"][:19].replace("T", " "),
            event.get("debtor", {}).get("id", "") or event.get("employee", {}).get("id", ""),
            f"[{color}]{alert['action']}[/{color}]",
            str(alert["score"]),
            "\n".join(rule["id"] for rule in alert["rules"]),
            f"{strongest['title']}: {strongest['reason']}",
        )
    return table


def show_end(console: Console, found: Found, samples: Metrics, figures: dict[str, Any]) -> None:
    """Print the newest alerts, what each rule and scenario came to, and the summary."""
    console.print(alert_table(found.alerts[-_NEWEST_AT_END:], "The newest alerts"))
    console.print(_rules(found, samples))
    console.print(_scenarios(found))
    console.print(Panel(_summary(found, samples, figures), title="Summary", expand=False))


def _rules(found: Found, samples: Metrics) -> Table:
    table = Table("Rule", "Hits", "Alerts", title="Rules", title_justify="left", header_style="bold")
    told = alerts_by_rule(found)
    for rule, number in hits_by_rule(samples).most_common():
        if number:
            table.add_row(rule, f"{number:,}", f"{told[rule]:,}")
    return table


def _scenarios(found: Found) -> Table:
    table = Table("Injected scenario", "Its rule", "Incidents", "Alerted", title_justify="left")
    table.title = "Labels, which the service never sees"
    for scenario, rule, number, told in found.by_scenario():
        color = "green" if told == number else "yellow"
        table.add_row(scenario, rule, str(number), f"[{color}]{told}[/{color}]")
    return table


def _summary(found: Found, samples: Metrics, figures: dict[str, Any]) -> Table:
    table = Table(box=None, show_header=False)
    parts = f"{figures['decisions']:,} + {figures['dead_letters']:,} + {figures['duplicates']:,}"
    table.add_row("events in", f"{figures['events_in']:,} = {parts} decisions + dead letters + duplicates")
    table.add_row("alerts", f"{figures['alerts']:,}")
    table.add_row("precision", f"{figures['precision']:.3f} of the alerts are about an injected incident")
    table.add_row("recall", f"{figures['recall']:.3f} of {figures['incidents']} incidents have an alert")
    table.add_row("missed by their rule", ", ".join(found.missed()) or "none")
    table.add_row("events/s", f"{figures['events_per_s']:,.0f}, from the first event sent to the last judged")
    table.add_row(
        "event to alert", f"p50 {figures['latency_ms_p50']:.0f} ms, p99 {figures['latency_ms_p99']:.0f} ms"
    )
    letters = samples.get("fraudstream_dead_letters_total", {})
    table.add_row("dead letters", ", ".join(f"{int(n)} {reason}" for (reason,), n in sorted(letters.items())))
    return table
