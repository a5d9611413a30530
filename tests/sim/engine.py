"""An engine whose every alert tells of all that it has folded: nothing can be missed or doubled unseen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from types import SimpleNamespace
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from fraudstream.engine.result import Alert, Decisions, StepResult
from fraudstream.engine.stats import EngineStats
from fraudstream.events.batch import DeadLetter

PARTITIONS_MAX = 3
DIGEST_BYTES = 16


class PoisonError(RuntimeError):
    """What the engine raises on poison."""


@dataclass(frozen=True)
class SimRuleset:
    """Rules that say nothing but their version, which every alert holds."""

    version: str


def digest(*parts: bytes) -> bytes:
    """Return a digest of some bytes."""
    return blake2b(b"\0".join(parts), digest_size=DIGEST_BYTES).digest()


@dataclass
class SimEngine:
    """Folds the events of each partition into a chain, and all chains into one digest at each `hot` event.

    An event whose id was seen is a duplicate, and leaves its trace all the same. A hot one gives an alert
    with the number of events folded per partition, its own number and the digest. The state is spoilt by
    poison, as an engine's is that raises.
    """

    ruleset: SimRuleset
    settings: Any = field(default_factory=SimpleNamespace)
    rule_ids: tuple[str, ...] = ("HOT",)
    seen: list[bytes] = field(default_factory=list)
    chains: list[bytes] = field(default_factory=lambda: [bytes(DIGEST_BYTES)] * PARTITIONS_MAX)
    counts: list[int] = field(default_factory=lambda: [0] * PARTITIONS_MAX)
    mixed: bytes = bytes(DIGEST_BYTES)
    alerts: int = 0

    def fresh(self, ruleset: SimRuleset) -> SimEngine:
        """Return one that has seen nothing."""
        return SimEngine(ruleset)

    def prepare(self, ruleset: SimRuleset) -> SimRuleset:
        """Return what `reload` takes."""
        return ruleset

    def reload(self, ruleset: SimRuleset) -> None:
        """Put other rules in force."""
        self.ruleset = ruleset

    def miss(self) -> None:
        """Mark nothing: the auditor knows of every gap."""

    def stats(self) -> EngineStats:
        """Hold nothing worth counting."""
        return EngineStats((), 0, 0, 0, 0, 0)

    def step(self, values: Sequence[bytes | None], *, appended_us: NDArray[np.int64]) -> StepResult:
        """Fold a batch."""
        alerts: list[Alert] = []
        letters: list[DeadLetter] = []
        rows: list[int] = []
        duplicates = 0
        for row, value in enumerate(values):
            try:
                event = orjson.loads(value or b"")
            except orjson.JSONDecodeError:
                letters.append(DeadLetter(row, "not_json", "decode", "no JSON"))
                continue
            is_new = event["id"].encode() not in self.seen
            self._fold(event)
            if not is_new:
                duplicates += 1
                continue
            rows.append(row)
            if event["kind"] == "hot":
                alerts.append(self._alert(row, event["id"]))
        return _result(len(values), alerts, letters, duplicates, rows)

    def _fold(self, event: Mapping[str, Any]) -> None:
        name, partition = event["id"].encode(), event["partition"]
        self.seen.append(name)
        self.chains[partition] = digest(self.chains[partition], name)
        self.counts[partition] += 1
        if event["kind"] == "poison":
            raise PoisonError(event["id"])

    def _alert(self, row: int, name: str) -> Alert:
        self.mixed = digest(self.mixed, *self.chains, self.ruleset.version.encode(), name.encode())
        self.alerts += 1
        told = {
            "event": name,
            "number": self.alerts,
            "folded": self.counts,
            "ruleset": self.ruleset.version,
            "digest": self.mixed.hex(),
        }
        return Alert(row, f"{name}@{self.ruleset.version}", name.encode(), orjson.dumps(told))

    def snapshot(self) -> dict[str, Any]:
        """Return the state; none of it is shared."""
        return {
            "seen": np.frombuffer(b"\n".join(self.seen), np.uint8),
            "chains": np.frombuffer(b"".join(self.chains), np.uint8),
            "counts": np.array(self.counts, np.int64),
            "mixed": np.frombuffer(self.mixed, np.uint8),
            "alerts": np.array([self.alerts], np.int64),
        }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Go on from a snapshot."""
        chains = snapshot["chains"].tobytes()
        self.seen = snapshot["seen"].tobytes().split(b"\n")
        self.chains = [chains[at : at + DIGEST_BYTES] for at in range(0, len(chains), DIGEST_BYTES)]
        self.counts = snapshot["counts"].tolist()
        self.mixed = snapshot["mixed"].tobytes()
        self.alerts = int(snapshot["alerts"][0])


def _result(
    events_in: int, alerts: list[Alert], letters: list[DeadLetter], duplicates: int, rows: list[int]
) -> StepResult:
    zeros = np.zeros(len(rows))
    return StepResult(
        events_in=events_in,
        alerts=alerts,
        dead_letters=letters,
        duplicates=duplicates,
        late=0,
        decisions=Decisions(np.array(rows, np.int32), zeros.astype(np.int8), zeros.astype(np.int16)),
        rule_ids=("HOT",),
        rule_outcomes=np.zeros((1, 3), np.int64),
        suppressed=0,
        model_scores={},
    )
