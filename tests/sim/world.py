"""What a world is like and what befalls it, drawn from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

import orjson

AT_LEAST_ONCE, EXACTLY_ONCE = "at_least_once", "exactly_once"
HORIZON_SECONDS = 40.0
"""For so long things befall the workers; then they have peace to finish."""


class Message(NamedTuple):
    """A message of the input: when, where, what.

    `transaction` is the number of the producer's transaction that it belongs to, `is_aborted` what becomes
    of that one.
    """

    at: float
    partition: int
    value: bytes
    transaction: int | None = None
    is_aborted: bool = False


class Blow(NamedTuple):
    """Something that befalls the world at a time; `seconds` says for how long, where it ends."""

    at: float
    kind: str
    seconds: float = 0.0


BLOWS = ("freeze", "cut", "stall", "join", "stop", "kill", "reload", "retention", "rot")
LASTING = ("freeze", "cut", "stall")


@dataclass(frozen=True)
class World:
    """Everything that a run depends on.

    Attributes
    ----------
    crashes
        The step at which each worker in turn is killed, as long as there are some.
    trouble, disk_trouble
        The share of requests and of written files that go wrong.
    disorder
        How often the next callback is drawn at random.
    child_death
        How often a process that writes a checkpoint is killed.
    """

    seed: int
    partitions: int = 1
    guarantee: str = AT_LEAST_ONCE
    workers: int = 1
    messages: tuple[Message, ...] = ()
    blows: tuple[Blow, ...] = ()
    crashes: tuple[int, ...] = ()
    trouble: float = 0.0
    disk_trouble: float = 0.0
    disorder: float = 0.0
    child_death: float = 0.0
    checkpoint_seconds: float = 2.0
    keep: int = 3
    batch_max: int = 4
    horizon: float = HORIZON_SECONDS

    def __str__(self) -> str:
        blows = ", ".join(f"{blow.kind} at {blow.at:.1f} s" for blow in self.blows)
        return (
            f"{self.guarantee}, {self.partitions} partitions, {len(self.messages)} messages, "
            f"{self.workers} workers, crashes at steps {list(self.crashes)}, {blows or 'no blows'}, "
            f"trouble {self.trouble:.2f} and {self.disk_trouble:.2f}, disorder {self.disorder:.2f}"
        )


def draw(seed: int) -> World:
    """Draw a world; most meet a few kinds of trouble, so that each kind is seen alone and with others."""
    rng = Random(seed)
    partitions, blows = rng.choice((1, 1, 2, 3)), _blows(rng)
    return World(
        seed,
        partitions,
        rng.choice((AT_LEAST_ONCE, EXACTLY_ONCE)),
        workers=rng.choice((1, 1, 2)),
        messages=draw_messages(rng, partitions, blows=blows),
        blows=blows,
        crashes=tuple(rng.randrange(1, rng.choice((60, 300, 1500))) for _ in range(rng.choice((0, 1, 2, 4)))),
        trouble=rng.choice((0.0, 0.0, 0.03, 0.15)),
        disk_trouble=rng.choice((0.0, 0.0, 0.1, 0.3)),
        disorder=rng.choice((0.0, 0.2, 1.0)),
        child_death=rng.choice((0.0, 0.3)),
        checkpoint_seconds=rng.choice((0.5, 2.0, 8.0)),
        keep=rng.choice((1, 2, 3)),
        batch_max=rng.choice((1, 2, 5)),
    )


def _blows(rng: Random) -> tuple[Blow, ...]:
    """Draw blows; one that lasts may be followed by a death, while it lasts or soon after."""
    blows: list[Blow] = []
    for kind in rng.sample(BLOWS, rng.randrange(4)):
        for _ in range(rng.choice((1, 1, 2))):
            at, seconds = rng.random() * HORIZON_SECONDS * 0.9, rng.choice((1.0, 5.0, 12.0))
            blows.append(Blow(at, kind, seconds))
            if kind in LASTING and rng.random() < 0.6:
                blows.append(Blow(at + rng.random() * 1.5 * seconds, "kill"))
    return tuple(blows)


def draw_messages(
    rng: Random, partitions: int, seconds: float = HORIZON_SECONDS, blows: tuple[Blow, ...] = ()
) -> tuple[Message, ...]:
    """Draw the input, much of it around the blows.

    The last event of every partition is hot, so that everything before it is told of.
    """
    centers = [blow.at + share * blow.seconds for blow in blows for share in (0, 0.5, 1)]
    with_poison, with_transactions = rng.random() < 0.3, rng.random() < 0.3
    messages: list[Message] = []
    for partition in range(partitions):
        source = _Source(rng, partition, with_poison)
        times = sorted(_time(rng, seconds * 0.9, centers) for _ in range(rng.randrange(4, 16)))
        for at in times:
            value = source.draw()
            messages.append(Message(at, partition, value))
            if with_transactions and rng.random() < 0.3:
                messages += source.transaction(at)
        messages.append(Message(seconds, partition, source.event("hot")))
    return tuple(sorted(messages, key=lambda each: each.at))


def _time(rng: Random, end: float, centers: Sequence[float]) -> float:
    if centers and rng.random() < 0.6:
        return min(end, rng.choice(centers) + rng.random() * 2)
    return rng.random() * end


class _Source:
    """Draws the messages of one partition."""

    def __init__(self, rng: Random, partition: int, with_poison: bool) -> None:
        self._rng = rng
        self._partition = partition
        self._with_poison = with_poison
        self._values: list[bytes] = []
        self._transactions = 0

    def draw(self) -> bytes:
        """Draw a message."""
        chance = self._rng.random()
        if chance < 0.08:
            return b"no json"
        if chance < 0.2 and self._values:
            return self._rng.choice(self._values)
        if chance < 0.28 and self._with_poison:
            return self.event("poison")
        return self.event("hot" if chance < 0.65 else "plain")

    def event(self, kind: str) -> bytes:
        """Return a new event."""
        content: dict[str, Any] = {
            "id": f"p{self._partition}e{len(self._values)}",
            "kind": kind,
            "partition": self._partition,
        }
        self._values.append(orjson.dumps(content))
        return self._values[-1]

    def transaction(self, at: float) -> list[Message]:
        """Draw some messages that a producer sends in one transaction, which may be aborted."""
        self._transactions += 1
        is_aborted = self._rng.random() < 0.5
        name = self._partition * 1000 + self._transactions
        values = [self.event("hot") for _ in range(self._rng.randrange(1, 4))]
        return [Message(at, self._partition, value, name, is_aborted) for value in values]
