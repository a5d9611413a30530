"""Faults to plant in the engine: each is small, and the streams must find it.

Like `adapter.py`, this file knows fraudstream from inside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from fraudstream.engine import allow_lists, rollout, step, typologies
from fraudstream.engine.budget import Budget
from fraudstream.engine.deciding import Decider
from fraudstream.engine.duplicates import Horizon
from fraudstream.engine.generations import stores_for
from fraudstream.engine.shadow import ShadowStage
from fraudstream.engine.suppression import Suppression
from fraudstream.events.appends import Appends
from fraudstream.features.catalogue import Feature, Limits
from fraudstream.rules import bands
from fraudstream.rules.schema import FeatureSpec
from fraudstream.rules.tree import Comparison, Junction, Node
from tests.oracle import adapter

Plant = Callable[[pytest.MonkeyPatch], None]


def _features(change: Callable[[Feature], Feature]) -> Plant:
    """Compute other features than those that the rules ask for."""
    asked = FeatureSpec.feature

    def plant(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(FeatureSpec, "feature", lambda spec, where: change(asked(spec, where)))

    return plant


def _wider(feature: Feature) -> Feature:
    return replace(feature, window_us=feature.window_us and feature.window_us + 1)


def _limits(lateness_us: int, exact_us: int) -> Plant:
    """Move the limits of the deployment by so much."""
    limits = Limits
    return lambda patch: patch.setattr(
        adapter, "Limits", lambda late_us, reach_us: limits(late_us + lateness_us, reach_us + exact_us)
    )


def _horizon(patch: pytest.MonkeyPatch) -> None:
    known = Horizon
    patch.setattr(adapter, "Horizon", lambda us, ids_max: known(us, ids_max + 1))


def _ahead(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(step, "Appends", lambda time_us, ahead_us: Appends(time_us, ahead_us + 1))


def _band_edges(patch: pytest.MonkeyPatch) -> None:
    inside = bands.inside

    def closed(node: Node) -> Node:
        if isinstance(node, Junction):
            return replace(node, operands=tuple(map(closed, node.operands)))
        if isinstance(node, Comparison) and node.operator == "<":
            return replace(node, operator="<=")
        return node

    patch.setattr(bands, "inside", lambda *ends: closed(inside(*ends)))


def _quiet_edge(patch: pytest.MonkeyPatch) -> None:
    is_quiet = Suppression.is_quiet
    patch.setattr(
        Suppression,
        "is_quiet",
        lambda self, key, t_us: is_quiet(self, key, t_us) or is_quiet(self, key, t_us - 1),
    )


def _budget(patch: pytest.MonkeyPatch) -> None:
    admit = Budget.admit
    patch.setattr(Budget, "admit", lambda self, rule, t_us, most, low: admit(self, rule, t_us, most + 1, low))


def _typology_edge(patch: pytest.MonkeyPatch) -> None:
    newest = typologies._Hits.newest
    patch.setattr(typologies._Hits, "newest", lambda self, low, high: newest(self, low - 1, high))


def _allow_list_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(allow_lists, "_counts", lambda entry, t_us: entry.from_us is None or entry.from_us <= t_us)


def _reload_forgets(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        step, "stores_for", lambda bound, limits, now_us, *_, **__: stores_for(bound, limits, now_us)
    )


def _reload_keeps_typologies(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Decider, "adopt", lambda self, old, _: self.restore(old.snapshot()))


def _snapshot_forgets(patch: pytest.MonkeyPatch) -> None:
    restored = step.Engine.restore

    def restore(self: Any, snapshot: Mapping[str, Any]) -> None:
        quiet = {**snapshot["stages"]["alerting"], "suppression.quiet": b"[]"}
        restored(self, {**snapshot, "stages": {**snapshot["stages"], "alerting": quiet}})

    patch.setattr(step.Engine, "restore", restore)


def _snapshot_forgets_whispers(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ShadowStage, "restore", lambda self, state: None)


def _rollout_edge(patch: pytest.MonkeyPatch) -> None:
    of_texts = rollout.bucket
    patch.setattr(rollout, "bucket", lambda rule_id, texts: of_texts(rule_id, texts) + 1)


FAULTS: Mapping[str, Plant] = {
    "a window holds its lower edge": _features(_wider),
    "an event at the lateness is late": _limits(-1, 0),
    "a reload forgets the features": _reload_forgets,
    "a key is quiet at the end of its time": _quiet_edge,
    "the current event counts always": _features(lambda each: replace(each, include_current=True)),
    "an offset is left out": _features(lambda each: replace(each, offset_us=0)),
    "long windows are exact": _limits(0, 1_000_000_000),
    "one id more is remembered": _horizon,
    "an event may be ahead by a microsecond more": _ahead,
    "a band holds its upper end": _band_edges,
    "one hit more is told in an hour": _budget,
    "a typology's window holds its lower edge": _typology_edge,
    "entries of allow-lists hold on": _allow_list_end,
    "a reload keeps hits behind the window": _reload_keeps_typologies,
    "a snapshot forgets who is quiet": _snapshot_forgets,
    "a snapshot forgets what shadow rules told": _snapshot_forgets_whispers,
    "a rollout holds one of a hundred less": _rollout_edge,
}
"""By what is wrong; the quickest that stand for most come first."""
