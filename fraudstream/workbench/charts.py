"""Charts as inline SVG: texts and colours come from the style of the page, to fit light and dark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

WIDTH = 1_000
_LABEL = 250
"""How much of the width the names of rows take."""
_LABEL_CHARS_MAX = 29
_ROW = 22
_BARS_MAX = 130
"""More days than this are drawn several to a bar, which would otherwise be too thin to see."""


class Strip(NamedTuple):
    """A row of bars with its name."""

    name: str
    values: Sequence[int]


class Pair(NamedTuple):
    """Two shares side by side, None where there is none."""

    name: str
    first: float | None
    second: float | None


def _svg(height: float, title: str, body: Iterator[str]) -> str:
    content = "".join(body)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{content}</svg>"
    )


def _text(x: float, y: float, text: str, anchor: str = "start", style: str = "") -> str:
    kind = f' class="{style}"' if style else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{kind}>{escape(text)}</text>'


def _name(y: float, name: str) -> str:
    """Name a row, at the end of its space; what does not fit there is in the tables."""
    fits = len(name) <= _LABEL_CHARS_MAX
    return _text(_LABEL - 10, y, name if fits else name[: _LABEL_CHARS_MAX - 1] + "\u2026", "end")


def days_per_bar(days: int) -> int:
    """Return how many days a bar of `day_strips` stands for."""
    return max(1, -(-days // _BARS_MAX))


def day_strips(strips: Sequence[Strip], days: Sequence[str], title: str) -> str:
    """Draw for each strip a row of bars, one per day; each row has its own scale, its peak stands behind."""
    step = days_per_bar(len(days))
    height = (len(strips) + 1) * (_ROW + 8)

    def body() -> Iterator[str]:
        for number, strip in enumerate(strips):
            bottom = (number + 1) * (_ROW + 8) - 4
            sums = [sum(strip.values[start : start + step]) for start in range(0, len(days), step)]
            yield _name(bottom - 5, strip.name)
            yield f'<path class="one" d="{_bars(sums, bottom)}"/>'
            yield f'<path class="axis" d="M{_LABEL} {bottom}H{WIDTH - 70}"/>'
            yield _text(WIDTH - 62, bottom - 5, f"{max(sums):,}", style="dim")
        if days:
            yield _text(_LABEL, height - 8, days[0], style="dim")
            yield _text(WIDTH - 70, height - 8, days[-1], "end", "dim")

    return _svg(height, title, body())


def _bars(sums: Sequence[int], bottom: float) -> str:
    """Return one path of all bars of a row, those of nothing left out."""
    wide = (WIDTH - 70 - _LABEL) / len(sums)
    peak = max(*sums, 1)
    bars = []
    for place, value in enumerate(sums):
        if value:
            tall = max(1.0, value / peak * _ROW)
            x = _LABEL + place * wide
            bars.append(f"M{x:.1f} {bottom:g}v-{tall:.1f}h{max(0.6, wide * 0.85):.1f}v{tall:.1f}z")
    return "".join(bars)


def heatmap(names: Sequence[str], shares: Sequence[Sequence[float]], title: str) -> str:
    """Draw the shares [n, n], 0 to 1, by depth of colour; rows bear names, columns the rows' numbers."""
    cell = min(34.0, (WIDTH - _LABEL - 40) / max(1, len(names)))
    size = min(12.0, cell * 0.6)
    height = 24 + cell * len(names)

    def body() -> Iterator[str]:
        for row, name in enumerate(names):
            y = 24 + row * cell
            label = f"{name[: _LABEL_CHARS_MAX - 3]} {row + 1}"
            yield _sized(_LABEL - 10, y + cell * 0.7, label, "end", min(13.0, cell * 0.8))
            yield _sized(_LABEL + (row + 0.5) * cell, 16, str(row + 1), "middle", size)
            for column, share in enumerate(shares[row]):
                yield _cell(names, row, column, share, y, cell)

    return _svg(height, title, body())


def _sized(x: float, y: float, text: str, anchor: str, size: float) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" '
        f'style="font-size:{size:.1f}px">{escape(text)}</text>'
    )


def _cell(names: Sequence[str], row: int, column: int, share: float, y: float, cell: float) -> str:
    place = f'x="{_LABEL + column * cell:.1f}" y="{y:.1f}" width="{cell - 1:.1f}" height="{cell - 1:.1f}"'
    if row == column:
        return f'<rect class="self" {place}/>'
    if not share:
        return f'<rect class="empty" {place}/>'
    told = escape(f"{share:.0%} of the hits of {names[row]} are hits of {names[column]}")
    return f'<rect class="one" {place} fill-opacity="{0.12 + 0.88 * share:.2f}"><title>{told}</title></rect>'


def pair_bars(pairs: Sequence[Pair], title: str) -> str:
    """Draw two bars per row on one scale from 0 to 1, with their values behind."""
    height = len(pairs) * 40 + 22

    def body() -> Iterator[str]:
        for quarter in range(5):
            x = _LABEL + quarter / 4 * (WIDTH - 70 - _LABEL)
            yield f'<path class="grid" d="M{x:g} 0V{height - 20}"/>'
            yield _text(x, height - 4, f"{quarter * 25} %", "middle", "dim")
        for number, pair in enumerate(pairs):
            y = number * 40 + 4
            yield _name(y + 20, pair.name)
            yield _bar(y, pair.first, "one")
            yield _bar(y + 16, pair.second, "two")

    return _svg(height, title, body())


def _bar(y: float, share: float | None, style: str) -> str:
    if share is None:
        return _text(_LABEL + 4, y + 11, "no value", style="dim")
    wide = share * (WIDTH - 70 - _LABEL)
    bar = f'<rect class="{style}" x="{_LABEL}" y="{y:g}" width="{wide:.1f}" height="14"/>'
    return bar + _text(_LABEL + wide + 5, y + 11, f"{share:.1%}", style="dim")
