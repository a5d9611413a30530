"""The stages of a keyed topology in one process, behind the face of an engine."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.keyed.ingest import Ingest
from fraudstream.engine.keyed.merge import Merge
from fraudstream.engine.keyed.part import Failure, Packed, read
from fraudstream.engine.keyed.share import Share
from fraudstream.engine.result import Part, StepResult, joined
from fraudstream.engine.stages import Witness
from fraudstream.engine.step import Settings
from fraudstream.events.batch import Ids
from fraudstream.rules.binding import Bound
from fraudstream.rules.ruleset import Ruleset


class KeyedFold:
    """Does what `Engine` does, by way of ingest, shares and merge; every message between them is real.

    `poison` tells by the id of an event the numbers of the stages that leave it out, as if they failed on it.
    """

    def __init__(
        self,
        ruleset: Ruleset,
        settings: Settings,
        partitions: int,
        *,
        witness: Witness | None = None,
        poison: Mapping[str, Collection[int]] | None = None,
    ) -> None:
        self.ingest = Ingest(ruleset, settings, partitions)
        self.shares = [Share(ruleset, settings, each, partitions) for each in range(partitions)]
        self.merge = Merge(ruleset, settings, partitions, witness=witness)
        self._poison = poison or {}

    @property
    def ruleset(self) -> Ruleset:
        """The ruleset in force for what comes in."""
        return self.ingest.ruleset

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """The rules that are evaluated."""
        return self.ingest.rule_ids

    def prepare(self, ruleset: Ruleset) -> Bound:
        """Bind another ruleset."""
        return self.ingest.prepare(ruleset)

    def reload(self, bound: Bound) -> None:
        """Put a ruleset in force; the later stages follow when its first part comes."""
        self.ingest.reload(bound)

    def miss(self) -> None:
        """Take note that messages are gone."""
        self.ingest.miss()

    def step(
        self, values: Sequence[bytes | None], appended_us: NDArray[np.int64] | None = None
    ) -> StepResult:
        """Judge a batch of messages."""
        taken = self.ingest.step(values, appended_us=appended_us)
        stretches = [taken.parts[at : at + len(self.shares) + 1] for at in self._starts(taken)]
        judged = [self._judged(parts) for parts in stretches]
        if not judged:
            return replace(
                taken, rule_ids=self.rule_ids, rule_outcomes=np.zeros((len(self.rule_ids), 3), int)
            )
        whole = joined([(0, each) for each in judged])
        letters = [*taken.dead_letters, *whole.dead_letters]
        return replace(whole, events_in=len(values), dead_letters=letters, duplicates=taken.duplicates)

    def _starts(self, taken: StepResult) -> range:
        return range(0, len(taken.parts), len(self.shares) + 1)

    def _judged(self, parts: Sequence[Part]) -> StepResult:
        *shared, everything = parts
        found = []
        for number, (share, part) in enumerate(zip(self.shares, shared, strict=True)):
            packed = read(part.value)
            if packed.stretch.ruleset != share.ruleset.version:
                share.reload(share.prepare(self.ruleset), packed.stretch.before_us)
            found.append(read(share.step(packed, self._failures(packed, number))))
        packed = read(everything.value)
        if packed.stretch.ruleset != self.merge.ruleset.version:
            self.merge.reload(self.merge.prepare(self.ruleset), packed.stretch.before_us)
        result = self.merge.step(packed, found, self._failures(packed, len(shared)))
        rows = everything.rows
        decisions = replace(result.decisions, row=rows[result.decisions.row])
        alerts = [replace(alert, row=int(rows[alert.row])) for alert in result.alerts]
        letters = [replace(letter, row=int(rows[letter.row])) for letter in result.dead_letters]
        shadow = replace(
            result.shadow,
            alerts=[replace(alert, row=int(rows[alert.row])) for alert in result.shadow.alerts],
            told=[(int(rows[row]), rule) for row, rule in result.shadow.told],
        )
        return replace(result, decisions=decisions, alerts=alerts, dead_letters=letters, shadow=shadow)

    def _failures(self, packed: Packed, stage: int) -> list[Failure]:
        ids = Ids(packed.arrays["id_data"], packed.arrays["id_ends"].astype(np.int64))
        names = [ids.text(event) for event in range(len(packed.arrays["time_us"]))] if self._poison else []
        return [
            Failure(event, "PoisonError", f"stage {stage}")
            for event, name in enumerate(names)
            if stage in self._poison.get(name, ())
        ]

    def resume(self) -> None:
        """Let fresh stages go on, each from a snapshot that shares nothing with the old one."""
        self.ingest = resumed(self.ingest)
        self.shares = [resumed(share) for share in self.shares]
        self.merge = resumed(self.merge)


Stage = TypeVar("Stage", Ingest, Share, Merge)


def resumed(stage: Stage) -> Stage:
    """Return a stage like another one; what is in force in one stage may not be in the next."""
    fresh = stage.fresh(stage.ruleset)
    fresh.restore(deepcopy(stage.snapshot()))
    return fresh


def told(result: StepResult) -> list[Any]:
    """Return everything that leaves a step."""
    decisions = result.decisions
    out: list[Any] = [("alert", alert.row, alert.key, alert.value) for alert in result.alerts]
    out += [("shadow", alert.row, alert.key, alert.value) for alert in result.shadow.alerts]
    out += [("would", *each) for each in result.shadow.told]
    out.append(("changes", sorted(result.shadow.changes.items()), sorted(result.shadow.decisions.items())))
    out += [("dead", letter.row, letter.reason, letter.detail) for letter in result.dead_letters]
    for row, action, score in zip(decisions.row, decisions.action, decisions.score, strict=True):
        out.append(("decision", int(row), int(action), int(score)))
    out.append(
        ("counted", result.events_in, result.duplicates, result.late, result.suppressed, result.warming)
    )
    assert result.events_in == len(decisions.row) + len(result.dead_letters) + result.duplicates
    return out
