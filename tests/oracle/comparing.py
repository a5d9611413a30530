"""Runs the engine and the oracle over the same stream and holds them against each other."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

from tests.oracle.adapter import EngineUnderTest, Patterns, Step
from tests.oracle.decisions import ACTIONS, is_graver
from tests.oracle.fold import Answer, DeadLetter, Duplicate, Judged, Oracle
from tests.oracle.messages import EPOCH
from tests.oracle.rulesets import Deployment, Ruleset
from tests.oracle.writing import files_of

_WORDS = {True: "hit", False: "miss", None: "not_evaluated"}
_ROOTS = ("stddev", "zscore")


class World:
    """All that a run needs. No dataclass: hypothesis would write it out at length."""

    def __init__(
        self,
        rulesets: Sequence[Ruleset],
        deployment: Deployment,
        stream: tuple[tuple[bytes | None, int | None], ...],
        cuts: Set[int],
        reloads: Mapping[int, int],
        snapshots: Set[int],
    ) -> None:
        self.rulesets = rulesets
        self.deployment = deployment
        self.stream = stream
        """The messages, each with its append time."""
        self.cuts = cuts
        """The messages before which a batch ends, and so does it before those of reloads and snapshots."""
        self.reloads = reloads
        """Before which message which ruleset comes in force; the first is from the start."""
        self.snapshots = snapshots
        """Before which messages a fresh engine goes on, after the reload there."""

    @property
    def bounds(self) -> list[int]:
        """Where batches begin, and where the last ends."""
        inner = {*self.cuts, *self.reloads, *self.snapshots}
        return sorted({0, len(self.stream), *(cut for cut in inner if cut < len(self.stream))})

    def describe(self) -> str:
        """Return the world as the engine gets it, to be read by whoever looks for the fault."""
        lines = [str(self.deployment), f"batches: {self.bounds}", f"reloads: {dict(self.reloads)}"]
        lines += [f"snapshots: {sorted(self.snapshots)}"]
        for number, ruleset in enumerate(self.rulesets):
            files = {name: json.loads(content) for name, content in files_of(ruleset).items()}
            lines += [f"{number}/{name}: {json.dumps(_telling(content))}" for name, content in files.items()]
        return "\n".join([*lines, *map(repr, self.stream)])


def _telling(content: dict[str, Any]) -> dict[str, Any]:
    """Return what matters of a file."""
    kept = (
        "status",
        "effective",
        "rollout",
        "params",
        "features",
        "when",
        "bands",
        "then",
        "typology",
        "severity",
    )
    return {name: content[name] for name in kept if content.get(name)} if "when" in content else content


def run(world: World, loaded: Sequence[Any]) -> Counter[str]:
    """Run both, raise AssertionError where they differ, and return what happened how often.

    `loaded` are the rulesets as the engine has them.
    """
    try:
        return _run(world, loaded)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{world.describe()}") from None


def _run(world: World, loaded: Sequence[Any]) -> Counter[str]:
    ruleset = world.rulesets[0]
    oracle = Oracle(ruleset, world.deployment)
    engine = EngineUnderTest(loaded[0], world.deployment)
    seen: Counter[str] = Counter()
    for start, end in pairwise(world.bounds):
        if start in world.reloads:
            ruleset = world.rulesets[world.reloads[start]]
            oracle.reload(ruleset)
            engine.reload(loaded[world.reloads[start]])
            seen["reloads"] += 1
        if start in world.snapshots:
            engine.resume()
            seen["snapshots"] += 1
        batch = world.stream[start:end]
        answers = [oracle.next(*message) for message in batch]
        compare(ruleset, answers, engine.step(batch), f"messages {start} to {end - 1}")
        seen += tally(answers)
        seen["batches"] += 1
    return seen


def compare(ruleset: Ruleset, verdicts: Sequence[Answer], step: Step, place: str) -> None:
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
        counts = Counter(_WORDS[each.verdicts[rule.id].outcome] for each in judged.values())
        _same(place, f"outcomes of {rule.id}", +Counter(step.outcomes[rule.id]), counts)
    verdicts_in = [(rule_id, each.band) for one in judged.values() for rule_id, each in one.verdicts.items()]
    bands = Counter((rule_id, band.name) for rule_id, band in verdicts_in if band is not None)
    _same(place, "bands", step.bands, bands)
    decisions = [(row, each.decision.action, each.decision.score) for row, each in judged.items()]
    _same(place, "decisions", step.decisions, decisions)
    found = {row: sorted(_patterns(each)) for row, each in judged.items() if each.decision.patterns}
    _same(place, "patterns", {row: sorted(each) for row, each in step.patterns.items()}, found)
    _same(place, "late events", step.late, sum(each.late for each in judged.values()))
    _same(place, "suppressed", step.suppressed, sum(each.telling.suppressed for each in judged.values()))
    held_back = Counter(rule_id for each in judged.values() for rule_id in each.telling.held_back)
    _same(place, "held back", step.held_back, held_back)
    _same(place, "alerts", [_seen(alert) for alert in step.alerts], [*_expected(judged)])
    _compare_shadow(place, step, judged)


def _compare_shadow(place: str, step: Step, judged: Mapping[int, Judged]) -> None:
    """Compare what shadow rules would tell and change."""
    shadow = {
        row: replace(each, decision=each.would.decision, telling=each.whispers)
        for row, each in judged.items()
    }
    _same(place, "shadow alerts", [_seen(alert) for alert in step.whispers], [*_expected(shadow)])
    marks = [
        (each["shadow"], is_shadow)
        for is_shadow in (False, True)
        for each in (step.whispers if is_shadow else step.alerts)
    ]
    _same(place, "marks", [mark for mark, _ in marks], [mark for _, mark in marks])
    alerts = [(row, each.telling.alert) for row, each in shadow.items() if each.telling.alert is not None]
    told = [(row, rule_id) for row, alert in alerts for rule_id, _ in alert.rules]
    _same(place, "shadow told", step.whispered, told)
    graver = Counter(rule_id for each in judged.values() for rule_id in each.would.graver)
    _same(place, "decisions that a shadow rule would change", step.graver, graver)
    pairs = ((each.decision.action, each.would.decision.action) for each in judged.values())
    would_be = Counter(pair for pair in pairs if is_graver(pair[1], pair[0]))
    _same(place, "decisions that shadow rules would change", step.would_be, would_be)


def _patterns(judged: Judged) -> Patterns:
    """Return the typologies that must be found at an event."""
    return tuple((each.typology.name, each.score, each.weights) for each in judged.decision.patterns)


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


def _expected(judged: Mapping[int, Judged]) -> Iterator[dict[str, Any]]:
    """Yield what the alerts and summaries of a batch must say."""
    for row, each in judged.items():
        for summary in each.telling.summaries:
            yield {
                "row": row,
                "rule": summary.rule_id,
                "hour": (EPOCH + timedelta(hours=summary.hour)).isoformat().replace("+00:00", "Z"),
                "told": summary.told,
                "held_back": summary.held_back,
                "score_max": summary.score_max,
                "keys": summary.top(),
            }
        alert = each.telling.alert
        if alert is not None:
            yield {
                "row": row,
                "key": alert.key,
                "event": each.event_id,
                "action": each.decision.action,
                "score": each.decision.score,
                "late": each.late,
                "severity": alert.severity,
                "typologies": alert.typologies,
                "scores": alert.scores,
                "rules": alert.rules,
            }


def _seen(alert: dict[str, Any]) -> dict[str, Any]:
    """Return the part of an alert or summary that the contract fixes."""
    if alert["schema"] == "fraudstream.alert_overflow/v1":
        return {
            **{name: alert[name] for name in ("row", "told", "held_back", "score_max")},
            "rule": alert["rule"]["id"],
            "hour": alert["hour"]["from"],
            "keys": [(each["key"], each["held_back"]) for each in alert["keys"]],
        }
    scored = [each for each in alert["typologies"] if each["score"] is not None]
    return {
        **{name: alert[name] for name in ("row", "key", "action", "score", "late", "severity")},
        "event": alert["event"]["id"],
        "typologies": tuple(each["id"] for each in alert["typologies"]),
        "scores": tuple(
            (each["id"], each["score"], tuple(sorted((rule["id"], rule["weight"]) for rule in each["rules"])))
            for each in scored
        ),
        "rules": tuple((rule["id"], rule["band"]) for rule in alert["rules"]),
    }


def tally(verdicts: Sequence[Answer]) -> Counter[str]:
    """Count what happened, to tell whether the streams are rich."""
    seen: Counter[str] = Counter(messages=len(verdicts))
    for each in verdicts:
        if isinstance(each, DeadLetter):
            seen[f"dead: {each.reason}"] += 1
        elif isinstance(each, Duplicate):
            seen["duplicates"] += 1
        else:
            seen["late"] += each.late
            seen["ancient"] += each.ancient
            seen.update(_WORDS[verdict.outcome] for verdict in each.verdicts.values())
            seen["banded hits"] += sum(verdict.band is not None for verdict in each.verdicts.values())
            seen["features"] += len(each.features)
            seen["unknown features"] += sum(value is None for value in each.features.values())
            seen[f"action {each.decision.action}"] += 1
            asked = [hit.action for hit in each.decision.hits]
            asked += [pattern.action for pattern in each.decision.patterns]
            seen["patterns"] += len(each.decision.patterns)
            seen["capped"] += each.decision.action != max(asked, key=ACTIONS.index, default="allow")
            seen["alerts"] += each.telling.alert is not None
            seen["summaries"] += len(each.telling.summaries)
            seen["suppressed"] += each.telling.suppressed
            seen["held back"] += len(each.telling.held_back)
            seen["shadow alerts"] += each.whispers.alert is not None
            seen["shadow summaries"] += len(each.whispers.summaries)
            seen["would change"] += is_graver(each.would.decision.action, each.decision.action)
            sides = (each.decision.hits, each.would.decision.hits)
            for side, hits in zip(("live", "shadow"), sides, strict=True):
                seen[f"rolled out, {side}"] += any(hit.rule.rollout is not None for hit in hits)
    return seen
