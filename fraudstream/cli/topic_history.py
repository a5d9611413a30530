"""Topics as history: what the stream room reads of the past is handed to the workbench."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from fraudstream.cli.service import kept_by
from fraudstream.config import Kafka, Topology
from fraudstream.rules.ruleset import Ruleset
from fraudstream.workbench.arrivals import Arrivals, Past
from fraudstream.workbench.sources import History, SourceError

if TYPE_CHECKING:
    from fraudstream.stream.history.recorded import Recorded
    from fraudstream.stream.history.spans import Span
    from fraudstream.stream.journal import Filled

RULESETS_KEPT = 4
"""How many rulesets stay built: workers go back to the one before more often than to older ones."""


@dataclass(frozen=True)
class TopicHistory:
    """Some spans of a topic, by append time."""

    kafka: Kafka
    spans: list[Span]

    @property
    def rows(self) -> int:
        """How many messages there are at most."""
        return sum(span.messages_max for span in self.spans)

    def batches(self) -> Iterator[Arrivals]:
        """Yield the messages; SourceError where they cannot be read."""
        from fraudstream.stream.history.merging import by_append_time  # noqa: PLC0415 - slow to import

        with _one_error():
            for piece in by_append_time(self.kafka, self.spans):
                yield Arrivals(piece.values, piece.appended_us)


@dataclass(frozen=True)
class RecordedHistory:
    """What the workers of a topology judged, in their order and with their labels.

    `ruleset_of` finds the rulesets that were in force; without it none is named.
    """

    found: Recorded
    ruleset_of: Callable[[str], Ruleset] | None = None

    @property
    def rows(self) -> int:
        """How many messages there are at most."""
        return self.found.messages_max

    def batches(self) -> Iterator[Arrivals]:
        """Yield the messages; SourceError where they cannot be read."""
        is_behind_gap = self.found.is_behind_gap
        with _one_error():
            for piece in self.found.pieces():
                ruleset = None if self.ruleset_of is None else self.ruleset_of(piece.ruleset)
                past = None if piece.filled is None else self._past(piece.filled)
                yield Arrivals(
                    piece.values, piece.appended_us, piece.are_labels, ruleset, is_behind_gap, past
                )
                is_behind_gap = False

    def _past(self, filled: Filled) -> Past:
        return Past(filled.is_whole, lambda: self._read(filled))

    def _read(self, filled: Filled) -> Iterator[Arrivals]:
        with _one_error():
            for piece in self.found.past(filled):
                yield Arrivals(piece.values, piece.appended_us)


def open_topic(place: str, topology: Topology | None) -> TopicHistory:
    """Return what a `kafka://` address names; SourceError where it is not there."""
    from fraudstream.stream.history.address import FORM, parse_address  # noqa: PLC0415 - as above
    from fraudstream.stream.history.spans import spans_of  # noqa: PLC0415 - as above

    with _one_error():
        address = parse_address(place)
        if topology is not None:
            kafka = topology.with_kafka(address.bootstrap).kafka
        elif address.bootstrap is not None:
            kafka = Kafka(bootstrap=address.bootstrap)
        else:
            raise SourceError(f"{place}: does not say on which cluster: {FORM}")
        return TopicHistory(kafka, spans_of(kafka, address))


def open_recorded(place: str, topology: Topology, *, with_rulesets: bool) -> RecordedHistory:
    """Return what a topology's workers judged of an address; SourceError where that is not known."""
    from fraudstream.stream.history.address import parse_address  # noqa: PLC0415 - as above
    from fraudstream.stream.history.recorded import recorded  # noqa: PLC0415 - as above

    with _one_error():
        address = parse_address(place)
        found = recorded(topology.with_kafka(address.bootstrap), address)
    return RecordedHistory(found, _rulesets_of(topology, found) if with_rulesets else None)


def first_ruleset(histories: Sequence[History]) -> Ruleset:
    """Return the ruleset under which what is recorded begins."""
    (history,) = histories
    assert isinstance(history, RecordedHistory)
    assert history.ruleset_of is not None
    return history.ruleset_of(history.found.rulesets[0])


def _rulesets_of(topology: Topology, found: Recorded) -> Callable[[str], Ruleset]:
    """Return what builds the rulesets that were in force; SourceError where one is not kept."""
    kept = kept_by(topology)
    if kept is None:
        raise SourceError(
            f"{topology.name}: keeps no rulesets, which lie beside the checkpoints: give --rules instead"
        )
    for version in found.rulesets:
        if kept.archive.files(version) is None:
            raise SourceError(
                f"ruleset {version}, which was in force, is not kept beside the checkpoints: leave out what "
                "it judged, or give --rules instead"
            )

    @lru_cache(RULESETS_KEPT)
    def ruleset_of(version: str) -> Ruleset:
        found = kept.ruleset_of(version)
        assert found is not None
        return found

    return ruleset_of


@contextmanager
def _one_error() -> Iterator[None]:
    """Turn what goes wrong in the stream room into the workbench's one error."""
    from fraudstream.stream.errors import BrokerError  # noqa: PLC0415 - as above
    from fraudstream.stream.history.address import PastError  # noqa: PLC0415 - as above
    from fraudstream.stream.journal import JournalError  # noqa: PLC0415 - as above

    try:
        yield
    except (BrokerError, JournalError, PastError) as error:
        raise SourceError(str(error)) from None
