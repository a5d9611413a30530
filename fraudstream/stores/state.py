"""Where a worker's state outlives it: the checkpoints of its shards, and the rulesets that they need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fraudstream.rules.ruleset import Ruleset, build_ruleset
from fraudstream.stores.checkpoints import CheckpointStore
from fraudstream.stores.rule_archive import RuleArchive


@dataclass(frozen=True)
class StateStore:
    """Checkpoints by shard, and the rules of all."""

    store_of: Callable[[int], CheckpointStore]
    archive: RuleArchive

    def keep_rules(self, version: str, files: Mapping[str, bytes]) -> None:
        """Keep the files of a ruleset that is about to judge events; OSError where that fails."""
        self.archive.keep(version, files)

    def ruleset_of(self, version: str) -> Ruleset | None:
        """Return the ruleset of a version, None where it is not kept."""
        files = self.archive.files(version)
        return None if files is None else build_ruleset(files)
