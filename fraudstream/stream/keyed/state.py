"""The state of a stage, and how it takes up the rulesets that its messages name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from fraudstream.engine.keyed.merge import Merge
from fraudstream.engine.keyed.part import OutOfStepError
from fraudstream.engine.keyed.share import Share
from fraudstream.engine.warming import warm_models
from fraudstream.events.packing import PackingError
from fraudstream.stores.checkpoints import Meta
from fraudstream.stream.threads import in_thread

if TYPE_CHECKING:
    from fraudstream.engine.keyed.part import Failure, Stretch
    from fraudstream.engine.stats import EngineStats
    from fraudstream.rules.ruleset import Ruleset
    from fraudstream.stores.checkpoints import Listed, Loaded

Stage = TypeVar("Stage", Share, Merge)
FAILURES_MAX = 1_000
RulesetOf = Callable[[str], "Ruleset | None"]


class UnknownRulesetError(RuntimeError):
    """A ruleset that is in force in another worker and that this one cannot find: which, and the remedy."""


FORESEEN = (OutOfStepError, PackingError, UnknownRulesetError)
"""What goes wrong between stages, and ends a worker with one line that says it all."""


class StageState(Generic[Stage]):
    """One stage, and how far it has folded the partition of parts that it reads.

    Attributes
    ----------
    positions
        By partition of the parts the offset of the next message to fold: of the only one that it reads.
    found
        By partition of what shares found likewise; the merge alone reads it.
    topic_ids
        Of the topics between the stages; a state of topics that were made anew is worthless.
    epoch
        The number of this owner of the stage, which its checkpoints bear.
    following
        How many events of the whole stream the next part has to follow; None where anything may come.
    is_elsewhere
        Whether the positions are the begin of topics that were made anew, or of which nothing is folded.
    failures
        By offset of a part the events that are left out, as long as they are at hand: they are found again.
    """

    def __init__(self, stage: Stage, partition: int, partitions: int, ruleset_of: RulesetOf) -> None:
        self.stage: Stage = stage
        self.partition = partition
        self._partitions = partitions
        self._ruleset_of = ruleset_of
        self.epoch = 0
        self.is_whole = False
        self.failures: dict[int, tuple[Failure, ...]] = {}
        self.topic_ids: tuple[str, ...] = ()
        self.renew(None, ())

    def renew(self, loaded: Loaded | None, topic_ids: tuple[str, ...]) -> None:
        """Go on from a checkpoint, or with nothing folded.

        Topics that were made anew are read from their begin; what was folded of the old ones stays.
        """
        if self.topic_ids != topic_ids:
            self.failures.clear()
        self.topic_ids = topic_ids
        self.positions: dict[int, int] = {self.partition: 0}
        self.found = dict.fromkeys(range(self._partitions), 0)
        self.following: int | None = 0
        self.is_elsewhere = True
        self.is_whole = False
        self.has_begun = loaded is not None
        if loaded is None:
            self.stage = self.stage.fresh(self.stage.ruleset)
        else:
            self._restore(loaded)

    def _restore(self, loaded: Loaded) -> None:
        extra = loaded.meta.extra
        self.stage = self.stage.fresh(self._ruleset(extra["ruleset"]))
        self.stage.restore(loaded.snapshot)
        self.following = extra.get("following")
        parts, found = extra["topic_ids"]
        if parts == self.topic_ids[0]:
            self.positions = dict(loaded.meta.positions)
            self.is_elsewhere = False
        if found == self.topic_ids[1]:
            self.found = {int(partition): offset for partition, offset in extra["found"].items()}

    def fits(self, listed: Listed, committed: int, topic_ids: tuple[str, ...]) -> bool:
        """Whether a checkpoint is of so many shares, and of nothing that is not committed."""
        is_old = listed.extra["topic_ids"][0] != topic_ids[0]
        same = bool(listed.extra["partitions"] == self._partitions)
        return same and (is_old or listed.positions[self.partition] <= committed)

    def follows(self, stretch: Stretch) -> bool:
        """Whether a part follows the last one, as far as that is known; an input made anew begins with 0."""
        return self.following is None or stretch.first in (self.following, 0)

    def leave_out(self, offset: int, failure: Failure) -> None:
        """Leave out an event on which the stage fails."""
        self.failures[offset] = (*self.failures.get(offset, ()), failure)
        if len(self.failures) > FAILURES_MAX:
            del self.failures[min(self.failures)]

    def miss(self) -> None:
        """Take note that parts are gone which stood before the next one."""
        self.following = None
        self.stage.miss()

    async def turn_to(self, stretch: Stretch) -> None:
        """Put the ruleset in force that judges a stretch; UnknownRulesetError where it is not to be found."""
        if stretch.ruleset == self.stage.ruleset.version:
            return
        ruleset = await in_thread(self._ruleset, stretch.ruleset)
        if isinstance(self.stage, Merge):
            # A model may be the first of its kind here, and a step that compiles would stop the whole worker.
            await in_thread(warm_models, ruleset, self.stage.settings)
        if not self.has_begun:
            self.stage = await in_thread(self.stage.fresh, ruleset)
            return
        bound = await in_thread(self.stage.prepare, ruleset)
        self.stage.reload(bound, stretch.before_us)

    def folded(self, offset: int, stretch: Stretch) -> None:
        """Take note that the stage has folded everything before an offset, the part of a stretch at last."""
        self.positions[self.partition] = offset
        self.following = stretch.first + stretch.events
        self.is_whole = self.has_begun = True
        self.is_elsewhere = False

    def _ruleset(self, version: str) -> Ruleset:
        if version == self.stage.ruleset.version:
            return self.stage.ruleset
        ruleset = self._ruleset_of(version)
        if ruleset is None:
            raise UnknownRulesetError(
                f"ruleset {version} is in force, but its files are not kept where this worker looks: "
                "give all workers the same checkpoints.url"
            )
        return ruleset

    @property
    def can_be_kept(self) -> bool:
        """Whether the state is that of its positions, and something was folded."""
        return self.is_whole and self.has_begun

    def stats(self) -> EngineStats:
        """Count what the stage holds in memory."""
        return self.stage.stats()

    def snapshot(self) -> dict[str, Any]:
        """Return the whole state of the stage."""
        return dict(self.stage.snapshot())

    def meta(self) -> Meta:
        """Return what a recovery must know of the state."""
        extra: Mapping[str, Any] = {
            "ruleset": self.stage.ruleset.version,
            "topic_ids": list(self.topic_ids),
            "partitions": self._partitions,
            "found": {str(partition): offset for partition, offset in self.found.items()},
            "following": self.following,
        }
        return Meta(positions=dict(self.positions), epoch=self.epoch, extra=extra)
