"""The journal of a shard: in which order its partitions were folded, and under which ruleset.

An entry is written only where that changes. With one input partition it is one entry per owner and one per
reload. Whoever recovers the shard folds in this order, so that it is the same fold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, NamedTuple

import orjson

FORMAT = 1


class JournalError(ValueError):
    """An entry that this version cannot read: why, and the remedy."""


class Poison(NamedTuple):
    """A message on which the engine failed, and how; every replay leaves it out."""

    partition: int
    offset: int
    exception: str
    detail: str


@dataclass(frozen=True)
class Filled:
    """What the features that a ruleset adds have counted: of each partition from `starts` to before `upto`.

    `is_whole` says whether nothing was gone of what they can still read.
    """

    starts: Mapping[int, int]
    upto: Mapping[int, int]
    is_whole: bool

    def widened(self, other: Filled | None) -> Filled:
        """Return what holds the past of both."""
        if other is None:
            return self
        starts = {each: min(start, other.starts.get(each, start)) for each, start in self.starts.items()}
        upto = {**other.upto, **self.upto}
        return Filled({**other.starts, **starts}, upto, self.is_whole and other.is_whole)


@dataclass(frozen=True)
class Entry:
    """From `positions` on, `partition` is folded under `ruleset`.

    Attributes
    ----------
    epoch
        Number of the owner who wrote it: each owner's is greater than those of all before.
    owner
        A name that no other owner has.
    partition
        The input partition that is folded from here on; None where an owner only takes the shard.
    positions
        Per input partition the offset of the next message to fold.
    ruleset
        Version of the ruleset in force.
    topic_id
        Of the input topic; entries of a topic that was deleted say nothing of the one made anew.
    poison
        Messages that the owner has found to be poison since its last entry.
    filled
        What the features have counted that this ruleset has added; None where they begin here.
    upto
        Before this offset the owner writes another entry; None where it may go on without.
    """

    epoch: int
    owner: str
    partition: int | None = None
    positions: Mapping[int, int] = field(default_factory=dict)
    ruleset: str = ""
    topic_id: str = ""
    poison: tuple[Poison, ...] = ()
    filled: Filled | None = None
    upto: int | None = None


@dataclass(frozen=True)
class Run:
    """Messages of one partition that are folded one after the other, from `start` up to before `stop`.

    `stop` is None for the last run: as far as anybody got. `filled` is that of its entry.
    """

    partition: int
    ruleset: str
    start: int
    stop: int | None
    filled: Filled | None = None


def encode(entry: Entry) -> bytes:
    """Return an entry as the message of the journal topic."""
    return orjson.dumps(
        {
            "format": FORMAT,
            "epoch": entry.epoch,
            "owner": entry.owner,
            "partition": entry.partition,
            "positions": _by_text(entry.positions),
            "ruleset": entry.ruleset,
            "topic_id": entry.topic_id,
            "poison": [list(each) for each in entry.poison],
            **_written(entry.filled),
            **({} if entry.upto is None else {"upto": entry.upto}),
        }
    )


def decode(value: bytes) -> Entry:
    """Return the entry of a message; JournalError where it is none."""
    try:
        read: dict[str, Any] = orjson.loads(value)
        if read["format"] != FORMAT:
            raise JournalError(
                f"the journal has format {read['format']!r}, this version reads {FORMAT}: run the version "
                "that wrote it, or give the topology another journal topic"
            )
        return Entry(
            int(read["epoch"]),
            read["owner"],
            read["partition"],
            _by_number(read["positions"]),
            read["ruleset"],
            read["topic_id"],
            tuple(Poison(*each) for each in read["poison"]),
            _filled(read),
            # Entries are older than this, too.
            read.get("upto"),
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        message = f"this is no journal entry ({error!r}): does something else write to the journal topic?"
        raise JournalError(message) from None


def _by_text(offsets: Mapping[int, int]) -> dict[str, int]:
    return {str(partition): offset for partition, offset in offsets.items()}


def _by_number(offsets: Mapping[str, int]) -> dict[int, int]:
    return {int(partition): int(offset) for partition, offset in offsets.items()}


def _written(filled: Filled | None) -> dict[str, Any]:
    if filled is None:
        return {}
    starts, upto = _by_text(filled.starts), _by_text(filled.upto)
    return {"filled": {"starts": starts, "upto": upto, "is_whole": filled.is_whole}}


def _filled(read: Mapping[str, Any]) -> Filled | None:
    # Entries are older than this.
    filled = read.get("filled")
    if filled is None:
        return None
    return Filled(_by_number(filled["starts"]), _by_number(filled["upto"]), filled["is_whole"])


def valid(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Give the entries of those who owned the shard when they wrote: a zombie's are left out.

    An epoch belongs to the first owner who writes under it, until a later epoch begins.
    """
    epoch, owner = -1, ""
    for entry in entries:
        if entry.epoch > epoch:
            epoch, owner = entry.epoch, entry.owner
        if (entry.epoch, entry.owner) == (epoch, owner):
            yield entry


def reach(entries: Iterable[Entry], epoch: int) -> Mapping[int, int] | None:
    """Return up to where the state of an epoch's owner is that of the shard; None: no other has folded since.

    What an owner folds after the next one has begun is a zombie's.
    """
    later = (entry.positions for entry in entries if entry.epoch > epoch and entry.partition is not None)
    return next(later, None)


def runs(entries: Iterable[Entry], positions: Mapping[int, int]) -> list[Run]:
    """Return what is to be folded, in order, by a state that stands at `positions`.

    `entries` are the valid ones; those that the state has seen add nothing.
    """
    found: list[Run] = []
    at, last = dict(positions), Entry(-1, "")
    for entry in entries:
        if entry.partition is None:
            continue
        found += _run(last, at, entry.positions)
        at = {each: max(at.get(each, 0), offset) for each, offset in (at | dict(entry.positions)).items()}
        last = entry
    return [*found, *_run(last, at, None)]


def _run(entry: Entry, at: Mapping[int, int], until: Mapping[int, int] | None) -> list[Run]:
    """Return the run that an entry began, from where the state stands; none where nothing is to be folded."""
    if entry.partition is None:
        return []
    start = at.get(entry.partition, 0)
    stop = None if until is None else until.get(entry.partition, 0)
    return (
        []
        if stop is not None and stop <= start
        else [Run(entry.partition, entry.ruleset, start, stop, entry.filled)]
    )


def last_partition(entries: Iterable[Entry]) -> tuple[int, int | None] | None:
    """Return the partition that was folded last, and up to before which offset it was folded at most.

    That is None where an owner did not bind itself. Several owners may have begun the same run: it reaches as
    far as any of them could. None where nothing was folded.
    """
    folded = [(entry.partition, entry.upto) for entry in entries if entry.partition is not None]
    if not folded:
        return None
    last, _ = folded[-1]
    limits = [upto for _, upto in takewhile(lambda each: each[0] == last, reversed(folded))]
    bound = [upto for upto in limits if upto is not None]
    return last, max(bound) if len(bound) == len(limits) else None


def history(entries: Iterable[Entry], at: Mapping[int, int], upto: Mapping[int, int]) -> list[Run]:
    """Return the runs in which what lies from `at` to before `upto` was folded.

    Both name the same partitions. What came before the first entry, and what no entry tells of, is taken
    partition by partition.
    """
    told = [entry for entry in entries if entry.partition is not None]
    before = told[0].positions if told else upto
    wanted = [Run(each, "", start, before.get(each, 0)) for each, start in sorted(at.items())]
    wanted += runs(told, at)
    wanted += [Run(each, "", 0, None) for each in sorted(at)]
    found, reached = [], dict(at)
    for run in wanted:
        end = upto.get(run.partition, 0)
        start = max(run.start, reached.get(run.partition, end))
        stop = end if run.stop is None else min(run.stop, end)
        if start < stop:
            found.append(Run(run.partition, run.ruleset, start, stop))
            reached[run.partition] = stop
    return found
