"""Measures the rules alone: the engine on whole batches, and peers on the same conditions and values."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from fraudstream.events.money import factor
from fraudstream.rules.compile import Compiled
from fraudstream.rules.ruleset import Ruleset
from fraudstream.rules.tree import Name, Node
from fraudstream.rules.types import Kind
from loadtest.bench_stages import Clock, Judged, Stages
from loadtest.peers import cel_rules, rule_engine_rules, zen_rules
from loadtest.peers.expressions import Evaluate, Values, Variables, variable

BATCH = 500
BATCHES = 20
PEER_EVENTS = 400
"""Fewer than ours, since a peer takes far longer over each."""
PASSES = 5


@dataclass(frozen=True)
class JudgingRates:
    """Rules evaluated per second, by the engine and by each peer; and how many outcomes were compared."""

    ours: float
    peers: Mapping[str, float]
    compared: int


class DifferentOutcomeError(AssertionError):
    """A peer and the engine do not agree on a rule at an event of which all values are known."""


def judging_rates(ruleset: Ruleset, payloads: Sequence[bytes]) -> JudgingRates:
    """Measure all in turns and take medians; DifferentOutcomeError unless all outcomes are equal.

    The engine evaluates its rules on batches of `BATCH` whose values are there; the values of peers are put
    into dicts before the clock starts. A peer has no third truth value: a missing value is given to it as 0
    or "", which lets it stop early, and what it then says of a rule that reads the value is not compared.
    """
    stages = Stages(ruleset)
    starts = range(0, len(payloads) - BATCH + 1, BATCH)
    stepped = [stages.step(payloads[start : start + BATCH], Clock()) for start in starts]
    ready = [batch for batch in stepped[-BATCHES:] if batch is not None]
    rules = [rule.when for rule in stages.rules]
    events = values_of(rules, ready[-1], PEER_EVENTS)
    peers = compile_peers(rules)
    expected = outcomes_of(rules, ready[-1], PEER_EVENTS)
    compared = sum(compare(name, peer, events, expected) for name, peer in peers.items())
    jobs: dict[str, tuple[int, Callable[[], object]]] = {
        name: (len(events), partial(_evaluate_all, peer, events)) for name, peer in peers.items()
    }
    jobs[""] = (sum(batch.events for batch in ready), lambda: [batch.judge() for batch in ready])
    passes = [{name: count / _seconds(call) for name, (count, call) in jobs.items()} for _ in range(PASSES)]
    rates = {name: median(each[name] for each in passes) * len(rules) for name in jobs}
    return JudgingRates(rates.pop(""), rates, compared)


def compile_peers(rules: Sequence[Compiled]) -> dict[str, Evaluate]:
    """Return every peer with the rules compiled into it."""
    conditions: list[Node] = [rule.node for rule in rules]
    types = variables_of(rules)
    return {
        "zen_engine": zen_rules.one_by_one(conditions, types),
        "zen_engine_one_list": zen_rules.one_list(conditions, types),
        "cel_expr_python": cel_rules.one_by_one(conditions, types),
        "cel_expr_python_one_list": cel_rules.one_list(conditions, types),
        "rule_engine": rule_engine_rules.one_by_one(conditions, types),
    }


def variables_of(rules: Sequence[Compiled]) -> Variables:
    """Return the types of all that the rules read."""
    leaves = _leaves(rules)
    texts = frozenset(name for name, leaf in leaves.items() if leaf.type.kind is Kind.TEXT)
    money = {name: leaf.type.currency for name, leaf in leaves.items() if leaf.type.kind is Kind.MONEY}
    per_major = {name: factor(currency) for name, currency in money.items() if currency is not None}
    return Variables(texts, frozenset(leaves) - texts, per_major)


def _leaves(rules: Sequence[Compiled]) -> dict[str, Compiled]:
    found = {variable(leaf.node): leaf for rule in rules for leaf in rule.leaves}
    return {name: leaf for name, leaf in found.items() if name is not None}


def values_of(rules: Sequence[Compiled], batch: Judged, events: int) -> list[Values]:
    """Return per event the value of every variable, 0 or "" where it is missing."""
    leaves, vectors = _leaves(rules), batch.judge()

    def value(leaf: Compiled, event: int) -> str | float:
        if leaf.type.kind is Kind.TEXT and isinstance(leaf.node, Name):
            return batch.text(leaf.node.name, event) or ""
        return float(vectors[leaf.slot].at(event) or 0)

    return [{name: value(leaf, event) for name, leaf in leaves.items()} for event in range(events)]


def outcomes_of(rules: Sequence[Compiled], batch: Judged, events: int) -> list[list[bool | None]]:
    """Return per event the outcome of every rule, None where a value that it reads is missing."""
    vectors = batch.judge()

    def outcome(rule: Compiled, event: int) -> bool | None:
        known = all(vectors[leaf.slot].at(event) is not None for leaf in rule.leaves)
        return bool(vectors[rule.slot].at(event)) if known else None

    return [[outcome(rule, event) for rule in rules] for event in range(events)]


def compare(
    name: str, peer: Evaluate, events: Sequence[Values], expected: Sequence[Sequence[bool | None]]
) -> int:
    """Return how many outcomes of a peer were compared; DifferentOutcomeError at the first that differs."""
    compared = 0
    for event, wanted in zip(events, expected, strict=True):
        for rule, (got, ours) in enumerate(zip(peer(event), wanted, strict=True)):
            if ours is None:
                continue
            if got is not ours:
                raise DifferentOutcomeError(f"{name}: rule {rule} is {got} at {dict(event)}, ours {ours}")
            compared += 1
    return compared


def _evaluate_all(peer: Evaluate, events: Sequence[Values]) -> None:
    for event in events:
        peer(event)


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
