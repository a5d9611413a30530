"""The past as the workers of a topology judged it: their order, their rulesets, their labels."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fraudstream.stream.admin import connected, known_topics, standing
from fraudstream.stream.history.address import Address, PastError
from fraudstream.stream.history.reading import Piece, batches, in_turn, opened
from fraudstream.stream.history.spans import Span, spans_of
from fraudstream.stream.journal import Entry, Filled, Run, history, runs, valid
from fraudstream.stream.journal_reader import entries_in
from fraudstream.stream.log_reader import LogReader

if TYPE_CHECKING:
    from fraudstream.config import Topology
    from fraudstream.stream.batch import Batch


@dataclass(frozen=True)
class Recorded:
    """What was judged, in that order.

    Attributes
    ----------
    runs
        Each has an end.
    entries
        The journal, which tells of more than the runs.
    poison
        Partitions and offsets of the messages that were left out.
    is_behind_gap
        Whether events are missing before it: it does not hold all that were judged, or its topic has followed
        a deleted one.
    """

    topology: Topology
    runs: Sequence[Run]
    entries: Sequence[Entry]
    poison: frozenset[tuple[int, int]]
    is_behind_gap: bool

    @property
    def messages_max(self) -> int:
        """How many events and labels there are at most."""
        return sum(span.messages_max for span in map(self._span, self.runs))

    @property
    def rulesets(self) -> list[str]:
        """The versions under which it was judged, in order, each once."""
        return list(dict.fromkeys(run.ruleset for run in self.runs))

    def pieces(self) -> Iterator[Piece]:
        """Yield all messages, those left out without their values; PastError where they cannot be read."""
        return in_turn(self.topology.kafka, self._read())

    def past(self, filled: Filled) -> Iterator[Piece]:
        """Yield what features had counted when their ruleset came into force; PastError as `pieces`."""
        return replace(self, runs=history(self.entries, filled.starts, filled.upto)).pieces()

    async def _read(self) -> AsyncIterator[Piece]:
        readers: dict[int, LogReader] = {}
        async with AsyncExitStack() as stack:
            for run in self.runs:
                span = self._span(run)
                if run.partition not in readers:
                    readers[run.partition] = await opened(stack, self.topology.kafka, span.partition)
                async for batch in batches(readers[run.partition], span):
                    yield self._piece(batch, run)

    def _piece(self, batch: Batch, run: Run) -> Piece:
        values = [
            None if (run.partition, record.offset) in self.poison else record.value
            for record in batch.records
        ]
        return Piece(values, batch.appended_us(), run.ruleset, run.partition < 0, run.filled)

    def _span(self, run: Run) -> Span:
        assert run.stop is not None
        return Span(self.topology.place(run.partition), run.start, run.stop)


def recorded(topology: Topology, address: Address) -> Recorded:
    """Return what the journal of a topology says of a part of its input.

    PastError, BrokerError or JournalError where it does not say it.
    """
    name = topology.input.topic
    if address.topic != name:
        raise PastError(f"{address.topic}: the workers of this topology judge {name}: name that topic")
    now = standing(topology)
    found = spans_of(topology.kafka, address, now.committed)
    if len(found) < sum(number >= 0 for number in now.ends):
        raise PastError(f"{name}: all its partitions were judged together: give one range for all of them")
    entries = list(_journal(topology))
    told = list(valid(each for each in entries if each.topic_id == now.topic_id))
    wanted = {span.partition[1]: span for span in found}
    judged = runs(told, {})
    kept = clipped(judged, wanted, now.committed)
    for span in found:
        check_told(topology.output.journal, span, kept)
    poison = frozenset((each.partition, each.offset) for entry in told for each in entry.poison)
    is_cut = any(run.partition >= 0 and run.start < wanted[run.partition].start for run in judged)
    is_made_anew = any(each.topic_id != now.topic_id for each in entries)
    return Recorded(topology, kept, told, poison, is_cut or is_made_anew)


def _journal(topology: Topology) -> Iterator[Entry]:
    name = (topology.output.journal, 0)

    async def entries() -> AsyncIterator[Entry]:
        async with LogReader(topology.kafka, [name]) as reader:
            async for entry in entries_in(reader, name):
                yield entry

    with connected(topology) as admin:
        known_topics(admin, topology, [name[0]])
    return in_turn(topology.kafka, entries())


def clipped(judged: Iterable[Run], wanted: Mapping[int, Span], committed: Mapping[int, int]) -> list[Run]:
    """Return the runs within spans, with the labels that were learned between the first and the last event.

    What `wanted` does not name are labels; `committed` says up to where they are learned.
    """
    kept: list[Run] = []
    for run in judged:
        span = wanted.get(run.partition)
        first, last = (0, committed.get(run.partition, 0)) if span is None else (span.start, span.stop)
        start, stop = max(run.start, first), last if run.stop is None else min(run.stop, last)
        # Labels teach nothing of events that have not been judged.
        if start < stop and (span is not None or kept):
            kept.append(replace(run, start=start, stop=stop))
    while kept and kept[-1].partition not in wanted:
        kept.pop()
    return kept


def check_told(journal: str, span: Span, kept: Iterable[Run]) -> None:
    """Raise PastError where the journal does not know a part of a span."""
    topic, number = span.partition
    at = span.start
    for run in [*(each for each in kept if each.partition == number), Run(number, "", span.stop, None)]:
        if run.start > at:
            raise PastError(
                f"{journal} does not say how {topic}[{number}] was judged from offset {at} to "
                f"{run.start - 1}: leave those out of the range"
            )
        at = run.stop or at
