"""Named lists of texts: what is on them, since when and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class ListEntry:
    """An entry, on the list while `from_us <= t < to_us` of event time in microseconds; None = open."""

    value: str
    from_us: int | None
    to_us: int | None
    note: str | None


@dataclass(frozen=True)
class NamedList:
    """One list."""

    id: str
    entries: tuple[ListEntry, ...]

    @cached_property
    def entries_of(self) -> Mapping[str, tuple[ListEntry, ...]]:
        """The entries of each value, which never overlap in time."""
        grouped: dict[str, tuple[ListEntry, ...]] = {}
        for entry in self.entries:
            grouped[entry.value] = (*grouped.get(entry.value, ()), entry)
        return grouped
