"""What all workers of a world share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.sim.disk import Disk

if TYPE_CHECKING:
    from tests.sim.cluster import Cluster
    from tests.sim.group import Coordinator
    from tests.sim.loop import SimLoop
    from tests.sim.world import World


@dataclass
class Watch:
    """A look at the rule directory, from the version that its worker began with."""

    directory: RuleDirectory
    version: str

    def changed(self) -> dict[str, bytes] | None:
        """Return the files where they changed since the last look."""
        if self.version == self.directory.version:
            return None
        self.version = self.directory.version
        return {"version": self.version.encode()}


@dataclass
class RuleDirectory:
    """The rules as they are now."""

    version: str = "v0"

    def watch(self) -> Watch:
        """Begin to watch."""
        return Watch(self, self.version)


@dataclass
class Surroundings:
    """What lies around the processes; `errors` are the failures that workers reported."""

    world: World
    loop: SimLoop
    cluster: Cluster
    coordinator: Coordinator
    disk: Disk
    rules: RuleDirectory = field(default_factory=RuleDirectory)
    errors: list[str] = field(default_factory=list)
