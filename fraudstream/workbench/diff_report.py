"""What a comparison of two rulesets found, as plain data: schema `fraudstream.diff/v1`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from fraudstream.rules.ruleset import Rule, Ruleset
from fraudstream.workbench.diff import Diff, Example, Kind, Side

DIFF_SCHEMA = "fraudstream.diff/v1"


class RuleDiff(NamedTuple):
    """How one rule differs: `change` says how its file does, the rest counts what came of it.

    `alerts_gained` and `alerts_lost` are events of which the rule tells on one side only, and
    `actions_changed` those whose action differs and to which the rule contributes differently.
    """

    id: str
    change: str
    hits_old: int
    hits_new: int
    hits_gained: int
    hits_lost: int
    alerts_gained: int
    alerts_lost: int
    actions_changed: int

    @property
    def matters(self) -> bool:
        """Whether anything about the rule differs."""
        return self.change != "same" or any(self[4:])


def rule_diffs(diff: Diff) -> list[RuleDiff]:
    """Return every rule that runs on one side at least, by its id."""
    old, new = _by_id(diff.old), _by_id(diff.new)
    return [
        RuleDiff(
            rule,
            _change(old.get(rule), new.get(rule)),
            int(diff.hits_old[row]),
            int(diff.hits_new[row]),
            int(diff.hits_gained[row]),
            int(diff.hits_lost[row]),
            int(diff.alerts_gained[row]),
            int(diff.alerts_lost[row]),
            diff.actions_changed[rule],
        )
        for row, rule in enumerate(diff.rule_ids)
    ]


def _by_id(ruleset: Ruleset) -> dict[str, Rule]:
    return {rule.id: rule for rule in ruleset.rules}


def _change(old: Rule | None, new: Rule | None) -> str:
    if old is None:
        return "added"
    if new is None:
        return "removed"
    if old.spec == new.spec:
        return "same"
    changes = list(_changes(old, new))
    return ", ".join(changes) or "edited"


def _changes(old: Rule, new: Rule) -> Iterator[str]:
    if old.spec.version != new.spec.version:
        yield f"v{old.spec.version} to v{new.spec.version}"
    if old.spec.standing != new.spec.standing:
        yield f"{old.spec.standing} to {new.spec.standing}"


def as_json(diff: Diff) -> dict[str, Any]:
    """Return the comparison as plain data."""
    return {
        "schema": DIFF_SCHEMA,
        "old_version": diff.old.version,
        "new_version": diff.new.version,
        "events": {"in": diff.events_in, "judged": diff.judged},
        "taught": diff.taught._asdict(),
        "alerts": {"old": diff.old_alerts, "new": diff.new_alerts},
        "changed_decisions": diff.changed,
        "changed_share": diff.changed_share,
        **{f"{kind}s": diff.events[kind] for kind in Kind},
        "actions": [
            {"from": old, "to": new, "events": events} for (old, new), events in diff.actions.most_common()
        ],
        "rules": [rule._asdict() for rule in rule_diffs(diff)],
        "examples": {kind.value: [_example(each) for each in diff.examples(kind)] for kind in Kind},
    }


def _example(example: Example) -> dict[str, Any]:
    return {**example._asdict(), "old": _side(example.old), "new": _side(example.new)}


def _side(side: Side) -> dict[str, Any]:
    return {**side._asdict(), "reasons": [reason._asdict() for reason in side.reasons]}
