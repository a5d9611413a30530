"""Draws what a ruleset is changed to: new limits, windows and keys, rules that go and rules that come."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

from hypothesis import strategies as st

from tests.oracle import layers
from tests.oracle.draw_conditions import conditions
from tests.oracle.draw_features import features, windows
from tests.oracle.draw_rules import completed, names_of, rollouts, rules, suppressions, typologies
from tests.oracle.draw_values import one_of
from tests.oracle.language import SECOND_US, Outcome
from tests.oracle.rulesets import Feature, Rule, Ruleset, Typology

_ADDED = 5
"""The number of the rule that comes; nothing else names it."""
_CHANGES = ("nothing", "condition", "windows", "features", "quiet", "rollout", "all")


@st.composite
def changed(draw: st.DrawFn, ruleset: Ruleset) -> Ruleset:
    """Draw a ruleset that has much in common with another."""
    if draw(st.booleans()):
        # What old hits a longer window brings back shows where the rules are the same.
        return replace(ruleset, typologies=tuple(_longer(draw, each) for each in ruleset.typologies))
    named = {name for rule in ruleset.rules for name in _named(rule)}
    kept = [rule for rule in ruleset.rules if rule.id in named or draw(st.integers(0, 3))]
    drawn = tuple(draw(_changed_rules(rule)) for rule in kept)
    if not drawn or draw(st.booleans()):
        drawn = (*drawn, draw(rules(_ADDED)))
    patterns = tuple(draw(_changed_typologies(each, drawn)) for each in ruleset.typologies)
    if draw(st.booleans()):
        return replace(ruleset, rules=drawn, typologies=patterns)
    return draw(completed(drawn, patterns))


def _named(node: Any) -> set[str]:
    """Return the rules that a rule, or a part of its condition, names."""
    if isinstance(node, Outcome):
        return {node.rule_id}
    if isinstance(node, tuple):
        return {name for each in node for name in _named(each)}
    if is_dataclass(node):
        return {name for each in fields(node) for name in _named(getattr(node, each.name))}
    return set()


@st.composite
def _changed_rules(draw: st.DrawFn, rule: Rule) -> Rule:
    change = one_of(draw, *_CHANGES)
    if change == "windows":
        return replace(rule, features=tuple((name, _windowed(draw, each)) for name, each in rule.features))
    if change == "quiet":
        budget = one_of(draw, None, 1, 2) if layers.BUDGETS else None
        return replace(rule, suppress=draw(suppressions()), alerts_per_hour_max=budget)
    if change == "rollout":
        return replace(rule, rollout=draw(rollouts(rule.id)) if rule.live and layers.ROLLOUTS else None)
    if change == "features":
        rule = replace(rule, features=(*rule.features, (f"f{len(rule.features)}", draw(features()))))
    if change in ("condition", "features"):
        return replace(rule, when=draw(conditions(names_of(rule.features, tuple(sorted(_named(rule)))))))
    if change == "all":
        fresh = draw(rules(_ADDED))
        return replace(fresh, id=rule.id)
    return rule


def _windowed(draw: st.DrawFn, feature: Feature) -> Feature:
    """Return a feature, sometimes with another window."""
    if draw(st.booleans()):
        return feature
    window_us, offset_us = windows(draw, feature.aggregate)
    return replace(feature, window_us=window_us, offset_us=offset_us)


@st.composite
def _changed_typologies(draw: st.DrawFn, typology: Typology, drawn: tuple[Rule, ...]) -> Typology:
    weights = {rule.id for rule in drawn}
    weights |= {f"{rule.id}.{band.name}" for rule in drawn for band in rule.bands}
    given = {name for name, _ in typology.weights}
    if given <= weights and draw(st.integers(0, 5)):
        if draw(st.booleans()) and typology.by:
            return replace(_longer(draw, typology), suppress=draw(suppressions()))
        return typology
    return draw(typologies(typology.name, drawn))


def _longer(draw: st.DrawFn, typology: Typology) -> Typology:
    """Return a typology, mostly with a longer window, which may bring back nothing."""
    return replace(typology, window_us=one_of(draw, 600, 600, 60, 1) * SECOND_US) if typology.by else typology
