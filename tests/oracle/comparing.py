"""Runs the engine and the oracle over the same stream and holds them against each other."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.oracle.adapter import EngineUnderTest, Step, build
from tests.oracle.decisions import Told
from tests.oracle.fold import DeadLetter, Duplicate, Judged, Oracle, Verdict
from tests.oracle.language import Deployment, Ruleset
from tests.oracle.windows import ANCIENT, LATE, ON_TIME
from tests.oracle.writing import files_of

_WORDS = {True: "hit", False: "miss", None: "not_evaluated"}
_ROOTS = ("stddev", "zscore")


@dataclass(frozen=True, repr=False)
class World:
    """All that a run needs: what is drawn, and what a failure prints."""

    ruleset: Ruleset
    deployment: Deployment
    stream: tuple[bytes | None, ...]
    cuts: frozenset[int]

    def __repr__(self) -> str:
        """Write it as the engine gets it, to be read by whoever looks for the fault."""
        files = files_of(self.ruleset)
        lines = [f"{name}: {content.decode()}" for name, content in files.items()]
        lines += [str(self.deployment), f"cuts: {sorted(self.cuts)}", *map(repr, self.stream)]
        return "\n" + "\n".join(lines) + "\n"


def run(world: World, loaded: Any = None) -> Counter[str]:
    """Run both, raise AssertionError where they differ, and return what happened how often."""
    oracle = Oracle(world.ruleset, world.deployment)
    engine = EngineUnderTest(loaded or build(files_of(world.ruleset)), world.deployment)
    seen: Counter[str] = Counter()
    bounds = sorted({0, len(world.stream), *(cut for cut in world.cuts if cut < len(world.stream))})
    for start, end in pairwise(bounds):
        batch = world.stream[start:end]
        verdicts = [oracle.next(message) for message in batch]
        compare(world.ruleset, verdicts, engine.step(batch), f"messages {start} to {end - 1}")
        seen += tally(verdicts)
    seen["batches"] += len(bounds) - 1
    return seen


def compare(ruleset: Ruleset, verdicts: Sequence[Verdict], step: Step, place: str) -> None:
    """Raise AssertionError where a batch's result is not what the oracle says."""
    judged = {row: each for row, each in enumerate(verdicts) if isinstance(each, Judged)}
    _same(place, "messages", step.events_in, len(verdicts))
    dead = [(row, each.reason) for row, each in enumerate(verdicts) if isinstance(each, DeadLetter)]
    _same(place, "dead letters", step.dead, dead)
    _same(place, "duplicates", step.duplicates, sum(isinstance(each, Duplicate) for each in verdicts))
    _same(place, "judged rows", [row for row, *_ in step.decisions], list(judged))
    for row, each in judged.items():
        _compare_features(ruleset, f"{place}, row {row}", step.features[row], each.features)
    for rule in ruleset.rules:
        counts = Counter(_WORDS[each.outcomes[rule.id]] for each in judged.values())
        _same(place, f"outcomes of {rule.id}", +Counter(step.outcomes[rule.id]), counts)
    decisions = [(row, each.decision.action, each.decision.score) for row, each in judged.items()]
    _same(place, "decisions", step.decisions, decisions)
    _same(place, "late events", step.late, sum(each.lateness != ON_TIME for each in judged.values()))
    _same(place, "suppressed", step.suppressed, sum(each.decision.suppressed for each in judged.values()))
    alerts = [_alert(row, each, each.decision.told) for row, each in judged.items() if each.decision.told]
    _same(place, "alerts", [_seen(alert) for alert in step.alerts], alerts)


def _compare_features(ruleset: Ruleset, place: str, got: dict[Any, Any], expected: Any) -> None:
    features = {(rule.id, name): feature for rule in ruleset.rules for name, feature in rule.features}
    for name, feature in features.items():
        mine, its = got[name], expected[name]
        close = feature.aggregate in _ROOTS and mine is not None and its is not None
        if close and math.isclose(mine, its, rel_tol=1e-9, abs_tol=1e-12):
            continue
        _same(place, f"feature {name} = {feature}", mine, its)


def _same(place: str, what: str, engine: Any, oracle: Any) -> None:
    assert engine == oracle, f"{place}: {what}: engine {engine!r}, oracle {oracle!r}"


def _alert(row: int, judged: Judged, told: Told) -> dict[str, Any]:
    return {
        "row": row,
        "key": told.key,
        "event": judged.event_id,
        "action": judged.decision.action,
        "score": judged.decision.score,
        "late": judged.lateness != ON_TIME,
        "severity": told.severity,
        "typologies": list(told.typologies),
        "rules": list(told.rules),
    }


def _seen(alert: dict[str, Any]) -> dict[str, Any]:
    kept = ("row", "key", "action", "score", "late", "severity", "typologies")
    rules = [rule["id"] for rule in alert["rules"]]
    return {**{name: alert[name] for name in kept}, "event": alert["event"]["id"], "rules": rules}


def tally(verdicts: Sequence[Verdict]) -> Counter[str]:
    """Count what happened, to tell whether the streams are rich."""
    seen: Counter[str] = Counter(messages=len(verdicts))
    for each in verdicts:
        if isinstance(each, DeadLetter):
            seen[f"dead: {each.reason}"] += 1
        elif isinstance(each, Duplicate):
            seen["duplicates"] += 1
        else:
            seen["late"] += each.lateness == LATE
            seen["ancient"] += each.lateness == ANCIENT
            seen.update(_WORDS[outcome] for outcome in each.outcomes.values())
            seen["features"] += len(each.features)
            seen["unknown features"] += sum(value is None for value in each.features.values())
            seen[f"action {each.decision.action}"] += 1
            seen["alerts"] += each.decision.told is not None
            seen["suppressed"] += each.decision.suppressed
    return seen
