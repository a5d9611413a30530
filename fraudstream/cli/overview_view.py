"""How an overview is shown: one screen of tables, what is amiss in red."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fraudstream.cli.overview import Overview, Pace, pace

if TYPE_CHECKING:
    from fraudstream.stream.behind import Behind
    from fraudstream.telemetry.status import WorkerStatus

ROWS_MAX = 10
"""Of each list; the rest is told as a number."""
RULESET_CHARS = 12
MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400


def screen(found: Overview, before: Overview | None = None) -> RenderableType:
    """Return all that is known; rates are those since an overview before, else since a worker's start."""
    earlier = {} if before is None else {each.url: each for each in before.workers}
    tables = [_lag(found), _rules(found)]
    tables += [
        _counts(name, counts)
        for name, counts in (("Dead letter", found.dead_letters()), ("Error", found.errors()))
        if counts
    ]
    return Group(
        _head(found), *_amiss(found), "", _workers(found, earlier), "", Columns(tables, padding=(0, 4))
    )


def _head(found: Overview) -> Text:
    head = f"{found.topology} on {found.kafka}, group {found.group}"
    if found.backlog is None:
        return Text(head)
    members = found.backlog.members
    return Text(f"{head}: {found.backlog.state}, {members} member{'' if members == 1 else 's'}")


def _amiss(found: Overview) -> Iterator[Text]:
    if found.trouble is not None:
        yield Text(found.trouble, style="red")
    for worker in found.workers:
        if worker.trouble is not None:
            yield Text(f"{worker.url}: {worker.trouble}", style="red")
        for why in worker.not_ready.values():
            yield Text(f"{worker.url}: {why}", style="red")
    if not found.is_of_one_mind:
        yield Text(f"the workers run {len(found.rulesets)} different rulesets", style="red")


def _workers(found: Overview, before: Mapping[str, WorkerStatus]) -> Table:
    table = Table("Worker", "State", "Ruleset", box=None)
    figures = ("Partitions", "Events", "Events/s", "p99", "In flight", "Checkpoint", "Memory", "Up")
    for name in figures:
        table.add_column(name, justify="right")
    for worker in found.workers:
        if worker.trouble is not None:
            table.add_row(Text(worker.url), Text("unreachable", style="red"))
        else:
            table.add_row(*_row(worker, pace(worker, before.get(worker.url))))
    return table


def _row(worker: WorkerStatus, pace: Pace) -> list[Text]:
    state = Text(worker.state, style="" if worker.is_well else "red")
    ages = [each.age_s for each in worker.checkpoints]
    figures = [
        str(worker.partitions),
        f"{worker.events:,.0f}",
        "" if pace.events_per_s is None else f"{pace.events_per_s:,.0f}",
        "" if pace.latency_s_p99 is None else seconds(pace.latency_s_p99),
        f"{worker.in_flight_batches:.0f}",
        f"{seconds(max(ages))} ago" if ages else "none",
        f"{worker.memory_bytes / 1e6:,.0f} MB",
        seconds(worker.uptime_s),
    ]
    bundle = "" if worker.bundle is None else f", bundle {worker.bundle}"
    return [Text(worker.url), state, Text(worker.ruleset[:RULESET_CHARS] + bundle), *map(Text, figures)]


def _lag(found: Overview) -> Table:
    table = Table("Partition", box=None)
    table.add_column("Lag", justify="right")
    table.add_column("Oldest", justify="right")
    partitions = () if found.backlog is None else found.backlog.partitions
    ranked = sorted(partitions, key=lambda each: -each.events)
    for each in ranked[:ROWS_MAX]:
        table.add_row(f"{each.topic}[{each.partition}]", f"{each.events:,}", _age(each))
    if rest := ranked[ROWS_MAX:]:
        table.add_row(f"and {len(rest)} more", f"{sum(each.events for each in rest):,}", "")
    return table


def _age(each: Behind) -> str:
    if not each.events:
        return ""
    return "unknown" if each.seconds is None else seconds(each.seconds)


def _rules(found: Overview) -> Table:
    table = Table("Rule", "Status", box=None)
    table.add_column("Hits", justify="right")
    ranked = found.hits()
    for (rule, status), hits in ranked[:ROWS_MAX]:
        table.add_row(Text(rule), status, f"{hits:,.0f}")
    if rest := ranked[ROWS_MAX:]:
        table.add_row(f"and {len(rest)} more", "", f"{sum(hits for _, hits in rest):,.0f}")
    return table


def _counts(name: str, counts: Mapping[str, float]) -> Table:
    table = Table(name, box=None)
    table.add_column("Number", justify="right")
    for each, number in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:ROWS_MAX]:
        table.add_row(Text(each), f"{number:,.0f}")
    return table


def seconds(number: float) -> str:
    """Return a time as a reader takes it in: the two largest units at most."""
    if number < 1:
        return f"{number * 1000:.0f} ms"
    if number < MINUTE_S:
        return f"{number:.1f} s"
    for unit, name, smaller, part in ((DAY_S, "d", HOUR_S, "h"), (HOUR_S, "h", MINUTE_S, "min")):
        if number >= unit:
            return f"{number // unit:.0f} {name} {number % unit // smaller:.0f} {part}"
    return f"{number // MINUTE_S:.0f} min {number % MINUTE_S:.0f} s"
