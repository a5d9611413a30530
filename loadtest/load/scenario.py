"""What a scenario is: traffic of some shape and rate, what is done meanwhile, and what must hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from loadtest.blows import Scene
from loadtest.demo_worker import Worker
from loadtest.load.holding import Claim
from loadtest.load.profiles import STEADY, Profile
from loadtest.load.streams import Make, usual

Hurt = Callable[[Scene, Worker, float], object]
"""Done to the owner of the shard at a third of a run of so many seconds."""


@dataclass(frozen=True)
class Scenario:
    """One scenario.

    Attributes
    ----------
    does
        What happens, in one line.
    holds
        What must hold.
    make, profile
        The messages, and how many of them are sent when.
    hurt
        What is done meanwhile, None for nothing; workers may be killed then, whose counters end with them.
    of_broker, of_disk
        Whether that needs a broker that can be hurt, or a disk that can be filled.
    asks_state
        Whether what is looked at is told by the workers only now and then: watermark, entities.
    asks_good
        Whether the plain events are judged once more, without the others.
    """

    name: str
    does: str
    holds: tuple[Claim, ...]
    make: Make = usual
    profile: Profile = STEADY
    hurt: Hurt | None = None
    of_broker: bool = False
    of_disk: bool = False
    asks_state: bool = False
    asks_good: bool = False
