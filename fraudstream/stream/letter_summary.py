"""What a list of dead letters shows: the newest of those that are asked for, and how many there are."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from fraudstream.stream.letters import Letter, Position, Redriven


@dataclass
class Summary:
    """The newest letters, oldest first; how many there are by reason; and which were ever sent back."""

    newest: list[Letter] = field(default_factory=list)
    by_reason: Counter[str] = field(default_factory=Counter)
    redriven: set[Position] = field(default_factory=set)


def summarised(
    entries: Iterable[Letter | Redriven], reason: str | None, since_ms: int | None, letters_max: int
) -> Summary:
    """Return the letters of a reason that were written since then, in milliseconds since 1970 UTC.

    None stands for any reason, and for any time. No more than `letters_max` letters are held at once.
    """
    found = Summary()
    newest: list[tuple[int, Position, Letter]] = []
    for entry in entries:
        if isinstance(entry, Redriven):
            found.redriven.add(entry.position)
        elif reason in (None, entry.reason) and (since_ms is None or entry.appended_ms >= since_ms):
            found.by_reason[entry.reason] += 1
            heapq.heappush(newest, (entry.appended_ms, entry.position, entry))
            if len(newest) > letters_max:
                heapq.heappop(newest)
    found.newest = [letter for *_, letter in sorted(newest)]
    return found
