"""A report as a page of Markdown, for the repository."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def markdown(report: Mapping[str, Any]) -> str:
    """Return what was done, on what machine and commit, what held, and the figures."""
    name, held = report["scenario"], "all holds" if report["held"] else "not all holds"
    where = {"commit": f"`{report['commit']}`", **report["machine"], "made at": report["made_at"]}
    holds = [
        ("holds" if each["held"] else "**fails**", each["says"], each["seen"]) for each in report["holds"]
    ]
    figures = [(f"`{key}`", f"{value:,}") for key, value in report["figures"].items()]
    return "\n".join(
        [
            f"# {name}: {held}",
            "",
            f"{report['does']}.",
            "",
            *_table(("", "what must hold", "seen"), holds),
            "",
            f"![the run over time]({name}.png)",
            "",
            *_table(("figure", ""), figures),
            "",
            *_table(("where", ""), where.items()),
            "",
        ]
    )


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
