"""Draws the evidence of an alert on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from fraudstream.cli.console import out
from fraudstream.workbench.casefile.conditions import rows
from fraudstream.workbench.casefile.schema import Evidence, ModelPart, RulePart, TypologyPart
from fraudstream.workbench.casefile.speaker import Speaker
from fraudstream.workbench.casefile.words import (
    AMOUNT_COLUMNS,
    amount_of,
    facts,
    held_back,
    key_text,
    moment_line,
    notes,
    value_text,
)

_ACTIONS = {"allow": "green", "review": "cyan", "report": "yellow", "hold": "magenta", "block": "red"}
_MARKS = {True: ("✓", "green"), False: ("✗", "red"), None: ("?", "yellow")}
_INDENT = (0, 0, 0, 2)
_ABOVE = (1, 0, 0, 0)
_BELOW = (1, 0, 0, 2)


def show(told: Evidence) -> None:
    """Print the evidence."""
    speaker = Speaker(told.language)
    for part in _parts(told, speaker):
        out.print(part)


def _parts(told: Evidence, speaker: Speaker) -> Iterator[RenderableType]:
    yield _head(told, speaker)
    for rule in told.rules:
        yield from _rule(rule, told, speaker)
    if told.typologies:
        yield _heading(speaker.say("typologies"))
        yield from (_typology(each, speaker) for each in told.typologies)
    for model in told.models:
        yield _heading(f"{speaker.say('models')}: {model.id}")
        yield _model(model, speaker)
    if told.time_line:
        yield _heading(speaker.say("time_line"))
        yield _time_line(told, speaker)
    yield _heading(speaker.say("provenance"))
    yield _grid(facts(told, speaker))
    if told.cannot_tell:
        yield _heading(speaker.say("cannot_tell"))
        yield _bullets(each.text for each in told.cannot_tell)


def _head(told: Evidence, speaker: Speaker) -> Panel:
    action = told.action.code if told.action else ""
    style = _ACTIONS.get(action, "white")
    lines = [Text(told.headline, style="bold")]
    if told.event is not None:
        lines.append(
            Text.assemble((told.event.kind.text, "bold"), "  ", (amount_of(told.event), f"bold {style}"))
        )
        lines.append(Text(f"{told.event.id}  {told.event.occurred_at}", style="dim"))
        pairs = [
            (each.name, value_text(each.value))
            for each in told.event.values
            if each.column not in AMOUNT_COLUMNS
        ]
        lines.append(Text("   ").join(Text.assemble((f"{name} ", "dim"), value) for name, value in pairs))
    lines += [Text(f"! {note}", style="yellow") for note in notes(told, speaker)]
    title = Text.assemble(
        (f" {speaker.say('title', id=told.alert_id)} ", "bold"), (_verdict(told, speaker), f"bold {style}")
    )
    return Panel(Group(*lines), title=title, title_align="left", border_style=style, padding=(0, 1))


def _verdict(told: Evidence, speaker: Speaker) -> str:
    if told.action is None:
        return f"· {speaker.say('severity')} {told.severity.text} "
    score, severity = speaker.say("score"), speaker.say("severity")
    return f"· {told.action.text} · {score} {told.score} · {severity} {told.severity.text} "


def _heading(text: str) -> Padding:
    return Padding(Rule(Text(text, style="bold"), align="left", style="dim"), _ABOVE)


def _rule(rule: RulePart, told: Evidence, speaker: Speaker) -> Iterator[RenderableType]:
    yield _heading(f"{rule.id} v{rule.version}  {rule.title}")
    pairs = [(speaker.say("typology"), rule.typology.text)]
    if rule.action is not None and rule.reason_code is not None:
        band = f" · {speaker.say('band', band=rule.band)}" if rule.band else ""
        pairs.append(
            (speaker.say("action"), f"{rule.action.text} · {speaker.say('score')} {rule.score}{band}")
        )
        pairs.append((rule.reason_code.code, rule.reason_code.text))
    pairs.append((speaker.say("why"), rule.reason))
    if rule.suppression is not None:
        pairs.append(("", key_text("suppression", rule.suppression, speaker)))
    if rule.budget is not None:
        words = {"told": rule.budget.told, "most": rule.budget.alerts_per_hour_max}
        pairs.append(("", speaker.say("budget", **words)))
    pairs += [("", line) for line in held_back(told, speaker)]
    yield Padding(_grid(pairs), _INDENT)
    if rule.condition is not None:
        yield Padding(_condition(rule, speaker), _BELOW)
    if rule.windows:
        yield Padding(_windows(rule, speaker), _BELOW)
    yield Padding(_texts(rule, speaker), _BELOW)


def _table(*heads: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False, show_edge=False, padding=(0, 1))
    for head in heads:
        table.add_column(head, overflow="fold")
    return table


def _condition(rule: RulePart, speaker: Speaker) -> Table:
    assert rule.condition is not None
    table = _table("", *(speaker.say(head) for head in ("condition", "actual", "threshold", "margin")))
    for row in rows(rule.condition, speaker):
        mark, style = _MARKS[row.holds]
        text = Text("  " * row.depth + row.text)
        table.add_row(
            Text(mark, style=style), text, Text(row.actual, style="bold"), row.threshold, row.margin
        )
    return table


def _windows(rule: RulePart, speaker: Speaker) -> Table:
    table = _table(speaker.say("windows"), speaker.say("value"), "")
    for each in rule.windows:
        shown = each.shown or (speaker.say("unknown") if each.value is None else str(each.value))
        table.add_row(each.name, Text(shown, style="bold"), Text(each.meaning, style="dim"))
    return table


def _texts(rule: RulePart, speaker: Speaker) -> Table:
    pairs: list[tuple[str, str]] = []
    if rule.texts is not None:
        texts = rule.texts
        lists = {name: getattr(texts, name) for name in ("false_positives", "investigate")}
        pairs.append((speaker.say("rationale"), texts.rationale))
        pairs += [
            (speaker.say(name), "\n".join(f"• {each}" for each in items)) for name, items in lists.items()
        ]
        pairs += [
            (speaker.say(name), "; ".join(getattr(texts, name)))
            for name in ("regulation", "references")
            if getattr(texts, name)
        ]
        pairs.append((speaker.say("owner"), texts.owner))
    return _grid(pairs)


def _grid(pairs: Iterable[tuple[str, str]]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in pairs:
        grid.add_row(name, Text(value))
    return grid


def _typology(part: TypologyPart, speaker: Speaker) -> RenderableType:
    line = f"{part.title}: {part.reason} · {speaker.say('score_of', score=part.score, band=part.band)} · "
    table = _table(speaker.say("rule"), speaker.say("weight"), speaker.say("when"), speaker.say("event"))
    for each in part.rules:
        name = each.rule if each.band is None else f"{each.rule}.{each.band}"
        table.add_row(name, str(each.weight), each.occurred_at, each.event_id)
    return Padding(Group(Text(line + part.action.text, style="bold"), table), _INDENT)


def _model(model: ModelPart, speaker: Speaker) -> RenderableType:
    title = " · ".join(
        filter(None, [model.title, model.kind, speaker.say("rank", score=f"{model.score:.4f}")])
    )
    table = _table(*(speaker.say(head) for head in ("feature", "value", "usual", "direction", "share")))
    for each in model.raised_by:
        usual = None if each.usual is None else each.usual.model_dump()
        value = each.value if usual is None else usual["value"]
        table.add_row(
            each.feature,
            Text(value_text(value), style="bold"),
            speaker.usual(usual) or speaker.say("unknown"),
            speaker.word("direction", each.direction).text,
            f"{each.contribution:+.4g}",
        )
    return Padding(Group(Text(title, style="bold"), table), _INDENT)


def _time_line(told: Evidence, speaker: Speaker) -> RenderableType:
    heads = ("when", "before", "event", "", "counted_by")
    table = _table(*(speaker.say(head) if head else "" for head in heads))
    for each in told.time_line:
        names: Sequence[str] = each.counted_by or ([speaker.say("this_event")] if each.is_alerted else [])
        table.add_row(
            each.occurred_at or speaker.say("unknown"),
            "" if each.is_alerted else each.before or "",
            each.event_id,
            moment_line(each, speaker),
            ", ".join(names),
            style="bold" if each.is_alerted else None,
        )
    return Padding(table, _INDENT)


def _bullets(lines: Iterable[str]) -> Table:
    return _grid(("•", line) for line in lines)
