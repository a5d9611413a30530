"""The evidence of an alert as one HTML page that needs nothing else: for the case file, and for print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from fraudstream.workbench.casefile.conditions import rows
from fraudstream.workbench.casefile.page_style import STYLE
from fraudstream.workbench.casefile.schema import Evidence, ModelPart, Moment, RulePart, TypologyPart
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
from fraudstream.workbench.page_parts import document, table

_MARKS = {
    True: ("true", "✓", "holds"),
    False: ("false", "✗", "fails"),
    None: ("unknown", "?", "cannot_be_told"),
}


def page(told: Evidence) -> str:
    """Return the page."""
    speaker = Speaker(told.language)
    title = f"{speaker.say('title', id=told.alert_id)}: {told.headline}"
    return document(told.language, title, "".join(_parts(told, speaker)), STYLE)


def _parts(told: Evidence, speaker: Speaker) -> Iterator[str]:
    yield _head(told, speaker)
    yield from (_rule(rule, told, speaker) for rule in told.rules)
    if told.typologies:
        yield _under(speaker.say("typologies"), "".join(_typology(each, speaker) for each in told.typologies))
    if told.models:
        yield _under(speaker.say("models"), "".join(_model(each, speaker) for each in told.models))
    if told.time_line:
        moments = "".join(_moment(each, speaker) for each in told.time_line)
        yield _under(speaker.say("time_line"), f'<ol class="line">{moments}</ol>')
    yield _under(speaker.say("provenance"), _facts(facts(told, speaker)))
    if told.cannot_tell:
        yield _under(speaker.say("cannot_tell"), _list(each.text for each in told.cannot_tell))


def _head(told: Evidence, speaker: Speaker) -> str:
    action = "none" if told.action is None else told.action.code
    tags = [f'<span class="tag">{escape(told.action.text)}</span>'] if told.action is not None else []
    if told.score is not None:
        tags.append(_plain_tag(speaker.say("score"), str(told.score)))
    tags.append(_plain_tag(speaker.say("severity"), told.severity.text))
    warnings = "".join(f'<p class="note">⚠ {escape(each)}</p>' for each in notes(told, speaker))
    title = speaker.say("title", id=told.alert_id)
    return (
        f'<div class="verdict {action}"><p class="eyebrow">{escape(title)}</p>'
        f"<h1>{escape(told.headline)}</h1>{_event_line(told)}"
        f'<div class="tags">{"".join(tags)}</div>{warnings}</div>{_event(told, speaker)}'
    )


def _plain_tag(name: str, value: str) -> str:
    return f'<span class="tag plain">{escape(name)} <b>{escape(value)}</b></span>'


def _event_line(told: Evidence) -> str:
    event = told.event
    if event is None:
        return ""
    amount = amount_of(event)
    shown = f' <span class="amount">{escape(amount)}</span>' if amount else ""
    return (
        f"<p>{escape(event.kind.text)}{shown}</p>"
        f'<p><code>{escape(event.id)}</code> · <span class="time">{escape(event.occurred_at)}</span></p>'
    )


def _event(told: Evidence, speaker: Speaker) -> str:
    if told.event is None:
        return ""
    tiles = [
        f"<div><dt>{escape(each.name)}</dt><dd>{escape(value_text(each.value))}</dd></div>"
        for each in told.event.values
        if each.column not in AMOUNT_COLUMNS
    ]
    return _under(speaker.say("event"), f'<dl class="event">{"".join(tiles)}</dl>') if tiles else ""


def _under(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _rule(rule: RulePart, told: Evidence, speaker: Speaker) -> str:
    return (
        f'<section class="rule"><h2>{escape(rule.title)} <code>{escape(rule.id)} v{rule.version}</code></h2>'
        f"{_outcome(rule, speaker)}<p class='why'>{escape(rule.reason)}</p>"
        f"{_list(_asides(rule, told, speaker))}{_condition(rule, speaker)}{_windows(rule, speaker)}"
        f"{_texts(rule, speaker)}</section>"
    )


def _outcome(rule: RulePart, speaker: Speaker) -> str:
    parts = [rule.typology.text]
    if rule.action is not None:
        parts += [rule.action.text, f"{speaker.say('score')} {rule.score}"]
    if rule.band is not None:
        parts.append(speaker.say("band", band=rule.band))
    if rule.reason_code is not None:
        parts.append(f"{rule.reason_code.code}: {rule.reason_code.text}")
    return f"<p>{escape(' · '.join(parts))}</p>"


def _asides(rule: RulePart, told: Evidence, speaker: Speaker) -> Iterator[str]:
    if rule.suppression is not None:
        yield key_text("suppression", rule.suppression, speaker)
    if rule.budget is not None:
        yield speaker.say("budget", told=rule.budget.told, most=rule.budget.alerts_per_hour_max)
    yield from held_back(told, speaker)


def _condition(rule: RulePart, speaker: Speaker) -> str:
    if rule.condition is None:
        return ""
    lines = []
    for row in rows(rule.condition, speaker):
        kind, sign, word = _MARKS[row.holds]
        mark = f'<td class="mark {kind}" title="{escape(speaker.say(word))}">{sign}</td>'
        text = f'<td style="padding-left:{8 + 18 * row.depth}px"><code>{escape(row.text)}</code></td>'
        figures = "".join(
            f"<td{name}>{escape(text)}</td>" for name, text in zip(_FIGURES, row[3:], strict=True)
        )
        lines.append(f"<tr>{mark}{text}{figures}</tr>")
    names = zip(("actual", "threshold", "margin"), ("", *_FIGURES[1:]), strict=True)
    heads = "".join(f"<th{kind}>{escape(speaker.say(name))}</th>" for name, kind in names)
    head = f"<thead><tr><th></th><th>{escape(speaker.say('condition'))}</th>{heads}</tr></thead>"
    return f'<div class="wide"><table>{head}<tbody>{"".join(lines)}</tbody></table></div>'


_FIGURES = (' class="exact"', "", ' class="number"')


def _windows(rule: RulePart, speaker: Speaker) -> str:
    heads = ((speaker.say("feature"), False), (speaker.say("value"), False), ("", False))
    lines = [
        (
            each.name,
            each.shown or (speaker.say("unknown") if each.value is None else str(each.value)),
            each.meaning,
        )
        for each in rule.windows
    ]
    return table(speaker.say("windows"), heads, lines) if lines else ""


def _texts(rule: RulePart, speaker: Speaker) -> str:
    texts = rule.texts
    if texts is None:
        return ""
    lists = "".join(
        f"<div><h3>{escape(speaker.say(name))}</h3>{_list(getattr(texts, name))}</div>"
        for name in ("investigate", "false_positives")
    )
    others = [(name, "; ".join(getattr(texts, name))) for name in ("regulation", "references")]
    given = [(speaker.say(name), text) for name, text in (*others, ("owner", texts.owner)) if text]
    return (
        f"<h3>{escape(speaker.say('rationale'))}</h3><p>{escape(texts.rationale)}</p>"
        f'<div class="columns">{lists}</div>{_facts(given)}'
    )


def _list(items: Iterable[str]) -> str:
    lines = "".join(f"<li>{escape(each)}</li>" for each in items)
    return f"<ul>{lines}</ul>" if lines else ""


def _facts(pairs: Iterable[tuple[str, str]]) -> str:
    lines = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs)
    return f'<dl class="facts">{lines}</dl>'


def _typology(part: TypologyPart, speaker: Speaker) -> str:
    names = ("rule", "weight", "when", "event")
    heads = [(speaker.say(name), name == "weight") for name in names]
    lines = [
        (
            each.rule if each.band is None else f"{each.rule}.{each.band}",
            str(each.weight),
            each.occurred_at,
            each.event_id,
        )
        for each in part.rules
    ]
    score = speaker.say("score_of", score=part.score, band=part.band)
    words = " · ".join([part.reason, score, part.action.text])
    return f"<h3>{escape(part.title)}</h3>{table(words, heads, lines)}"


def _model(model: ModelPart, speaker: Speaker) -> str:
    names = ("feature", "value", "usual", "direction", "share")
    heads = [(speaker.say(name), name == "share") for name in names]
    lines = []
    for each in model.raised_by:
        usual = None if each.usual is None else each.usual.model_dump()
        value = value_text(each.value if usual is None else usual["value"])
        span = speaker.usual(usual) or speaker.say("unknown")
        direction = speaker.word("direction", each.direction).text
        lines.append((each.feature, value, span, direction, f"{each.contribution:+.4g}"))
    words = " · ".join(
        filter(None, [model.title, model.kind, speaker.say("rank", score=f"{model.score:.4f}")])
    )
    return f"<h3><code>{escape(model.id)}</code></h3>{table(words, heads, lines)}"


def _moment(moment: Moment, speaker: Speaker) -> str:
    here = ' class="here"' if moment.is_alerted else ""
    when = moment.occurred_at or speaker.say("unknown")
    before = f" · {speaker.say('before')} {moment.before}" if moment.before and not moment.is_alerted else ""
    names = [*moment.counted_by, *([speaker.say("this_event")] if moment.is_alerted else [])]
    return (
        f"<li{here}><time>{escape(when)}</time><span class='dim'>{escape(before)}</span> "
        f"<code>{escape(moment.event_id)}</code><br>{escape(moment_line(moment, speaker))} "
        f"<span class='dim'>{escape(', '.join(names))}</span></li>"
    )
