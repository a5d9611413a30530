"""The allow-lists of rules/actions.yml: what is known to be good gets no graver action than they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fraudstream.engine.actions import RANKS
from fraudstream.events.batch import EventBatch
from fraudstream.rules.actions import AllowList
from fraudstream.rules.lists import ListEntry
from fraudstream.rules.ruleset import Ruleset


@dataclass(frozen=True)
class _Cap:
    entry: AllowList
    rank: int
    excepted: frozenset[str]
    members: Mapping[str, tuple[ListEntry, ...]]

    def holds(self, batch: EventBatch, event: int) -> bool:
        """Tell whether the event's column is on the list at its time."""
        entries = self.members.get(batch.text(self.entry.column, event) or "", ())
        t_us = int(batch.time_us[event])
        return any(_counts(entry, t_us) for entry in entries)


def _counts(entry: ListEntry, t_us: int) -> bool:
    return (entry.from_us is None or entry.from_us <= t_us) and (entry.to_us is None or t_us < entry.to_us)


class AllowLists:
    """Caps the actions of events; no other place does."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._caps = [
            _Cap(
                entry,
                RANKS[entry.at_most],
                frozenset(entry.except_),
                ruleset.lists[entry.list_].entries_of,
            )
            for entry in ruleset.actions.allow_lists
        ]

    def capped(
        self, batch: EventBatch, event: int, asked: Sequence[tuple[int, str]]
    ) -> tuple[int, AllowList | None]:
        """Return the rank of an event's action, and the entry that made it lower than asked, if one did.

        `asked` are the ranks that hits ask for, each with its typology. Of several entries that hold for a
        typology the lowest cap wins, of equal ones the first in the file.
        """
        wanted, typology = max(asked, key=lambda each: each[0])
        if not self._caps or not wanted:
            return wanted, None
        caps = [cap for cap in self._caps if cap.holds(batch, event)]
        rank = max(min([rank, *(cap.rank for cap in _of(typology, caps))]) for rank, typology in asked)
        if rank == wanted:
            return rank, None
        return rank, min(_of(typology, caps), key=lambda cap: cap.rank).entry


def _of(typology: str, caps: Sequence[_Cap]) -> list[_Cap]:
    return [cap for cap in caps if typology not in cap.excepted]
