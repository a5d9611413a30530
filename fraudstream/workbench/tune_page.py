"""A sweep as one self-contained HTML page: drawn curves, and the figures that they were drawn from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

_WIDTH, _HEIGHT = 640, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 16, 48
_TICKS = 5
_COLOURS = {"current": "#b00020", "suggested": "#00703c"}
_SHARES = {tick / _TICKS: f"{tick / _TICKS:g}" for tick in range(_TICKS + 1)}
_LEGEND = '<p><span class="current">● current</span> <span class="suggested">● suggested</span></p>'
_COLUMNS = (
    ("value", "Value"),
    ("hits", "Hits"),
    ("entities", "Entities"),
    ("alerts_a_day", "Alerts a day"),
    ("precision", "Precision"),
    ("recall", "Recall"),
    ("value_recall", "Value recall"),
)
_STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}"
    "table{border-collapse:collapse}td,th{padding:.15rem .7rem;text-align:right;border-bottom:1px solid #ddd}"
    "svg{max-width:100%;height:auto}.current{color:#b00020}.suggested{color:#00703c}"
)


@dataclass(frozen=True)
class Point:
    """One value in a chart: where it lies, what is told of it, and its part: current or suggested."""

    x: float
    y: float
    told: str
    part: str | None


def page(found: Mapping[str, Any]) -> str:
    """Return the page of a sweep that is given as `fraudstream.tune/v1`."""
    rule, param = found["rule"], found["param"]
    title = escape(f"{rule['id']} v{rule['version']}: {param['name']}")
    body = "".join([f"<h1>{title}</h1><p>{escape(rule['title'])}</p>", *_charts(found), _table(found)])
    hints = "".join(f"<li>{escape(note)}</li>" for note in found["notes"])
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body>{body}<ul>{hints}</ul></body></html>\n"
    )


def _charts(found: Mapping[str, Any]) -> Iterator[str]:
    values = found["values"]
    volume = [_point(found, place, each, place, each["alerts_a_day"]) for place, each in enumerate(values)]
    name, unit = found["param"]["name"], found["param"]["unit"]
    yield f"<h2>Alerts a day by {escape(name)}</h2>{_LEGEND}"
    texts = [each["value"] for each in values]
    yield chart(volume, f"{name} ({unit})" if unit else name, "alerts a day", spread(texts))
    curve = [
        _point(found, place, each, each["recall"], each["precision"])
        for place, each in enumerate(values)
        if each["recall"] is not None and each["precision"] is not None
    ]
    if curve:
        yield "<h2>Precision and recall</h2>"
        yield chart(curve, "recall", "precision")


def _point(found: Mapping[str, Any], place: int, value: Mapping[str, Any], x: float, y: float) -> Point:
    told = f"{found['param']['name']} {value['value']}: {value['hits']} hits"
    return Point(x, y, told, part_of(found, value["value"]))


def part_of(found: Mapping[str, Any], value: str) -> str | None:
    """Tell whether a value is the suggested or the current one."""
    if value == found["suggested"]:
        return "suggested"
    return "current" if value == found["param"]["current"] else None


def spread(texts: Sequence[str]) -> dict[float, str]:
    """Return a few of some texts by their places, the first and the last among them."""
    last = len(texts) - 1
    places = {round(tick / _TICKS * last) for tick in range(_TICKS + 1)}
    return {float(place): texts[place] for place in sorted(places)}


def chart(
    points: Sequence[Point], x_name: str, y_name: str, x_ticks: Mapping[float, str] | None = None
) -> str:
    """Draw points joined by a line as SVG; without ticks of their own both axes are shares from 0 to 1."""
    y_most = 1.0 if x_ticks is None else max(each.y for each in points) or 1.0
    x_ticks = _SHARES if x_ticks is None else x_ticks
    x_most = max(x_ticks) or 1.0
    places = [
        (
            _LEFT + each.x / x_most * (_WIDTH - _LEFT - _RIGHT),
            _HEIGHT - _BOTTOM - each.y / y_most * (_HEIGHT - _TOP - _BOTTOM),
        )
        for each in points
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(_dot(point, *place) for point, place in zip(points, places, strict=True))
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" font-size="12" fill="#444">'
        f"{_axes(x_name, y_name, y_most, {x / x_most: text for x, text in x_ticks.items()})}"
        f'<polyline points="{line}" fill="none" stroke="#1f5fa8" stroke-width="2"/>{dots}</svg>'
    )


def _dot(point: Point, x: float, y: float) -> str:
    colour, radius = _COLOURS.get(point.part or "", "#1f5fa8"), 6 if point.part else 3
    told = escape(f"{point.told}, {point.part}" if point.part else point.told)
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"><title>{told}</title></circle>'


def _axes(x_name: str, y_name: str, y_most: float, x_ticks: Mapping[float, str]) -> str:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    lines = [f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" fill="none" stroke="#888"/>']
    for tick in range(_TICKS + 1):
        share = tick / _TICKS
        y = bottom - share * (bottom - _TOP)
        lines.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{share * y_most:.3g}</text>')
    for share, text in x_ticks.items():
        x = _LEFT + share * (right - _LEFT)
        lines.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{escape(text)}</text>')
    middle = (_LEFT + right) / 2
    lines.append(f'<text x="{middle}" y="{_HEIGHT - 10}" text-anchor="middle">{escape(x_name)}</text>')
    turned = f'transform="rotate(-90 14 {_HEIGHT / 2})"'
    lines.append(f'<text x="14" y="{_HEIGHT / 2}" text-anchor="middle" {turned}>{escape(y_name)}</text>')
    return "".join(lines)


def _table(found: Mapping[str, Any]) -> str:
    rows = [
        _row("td", (shown(each[key]) for key, _ in _COLUMNS), part_of(found, each["value"]))
        for each in found["values"]
    ]
    head = _row("th", (title for _, title in _COLUMNS), None)
    return f"<h2>All values</h2><table>{head}{''.join(rows)}</table>"


def _row(tag: str, cells: Iterable[str], part: str | None) -> str:
    inside = "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells)
    said = f"<td>{part}</td>" if part else ""
    return f'<tr class="{part}">{inside}{said}</tr>' if part else f"<tr>{inside}</tr>"


def shown(value: Any) -> str:
    """Write a figure for a reader: `-` where it is not known."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
