"""What the workbench's pages are made of: nothing but HTML, no script and no network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from fraudstream.workbench.page_style import STYLE


def document(language: str, title: str, body: str, style: str = "") -> str:
    """Return a page in a language; the body is HTML."""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>"
        f"<style>{STYLE}{style}</style></head><body><main>{body}</main></body></html>\n"
    )


def section(title: str, note: str, body: str) -> str:
    """Return a part of a page under a heading; the body is HTML."""
    return f"<section><h2>{escape(title)}</h2><p>{escape(note)}</p>{body}</section>"


def figure(drawing: str, caption: str = "") -> str:
    """Return a drawing with what stands above it."""
    told = f"<figcaption>{caption}</figcaption>" if caption else ""
    return f"<figure>{told}{drawing}</figure>"


def table(title: str, heads: Sequence[tuple[str, bool]], rows: Iterable[Sequence[str]]) -> str:
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
