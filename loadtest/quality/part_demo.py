"""The part of `make quality` that needs no tables: the project's rules and model on the demo's traffic."""

from __future__ import annotations

from collections.abc import Sequence

from loadtest.quality import contests
from loadtest.quality.part import Part, compared


def measured(events: int = contests.DEMO_EVENTS, seeds: Sequence[int] = contests.DEMO_SEEDS) -> Part:
    """Compare rules, model and both on labelled incidents; an incident is found with any of its events."""
    contest, digest = contests.of_demo(events, seeds)
    source = f"{digest}, {events:,} events each, seeds {', '.join(map(str, seeds))}"
    table, figures = compared(contest, "demo", source)
    table.caption = f"{table.caption}; recall and value of incidents; rules and traffic are by the same hands"
    return Part([table], figures, contests=[contest])
