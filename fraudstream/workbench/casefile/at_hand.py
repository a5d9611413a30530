"""The ruleset by which an alert is explained: the very one, or one that has its rules at their versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from fraudstream.rules.ruleset import Rule, Ruleset


class Place(NamedTuple):
    """Where rulesets lie: `rules` (a directory), `archive` (beside the checkpoints) or `bundles`."""

    kind: str
    name: str


@dataclass(frozen=True)
class AtHand:
    """The ruleset that is at hand for an alert, or none, and where it was looked for.

    Attributes
    ----------
    place
        Where the ruleset was found.
    is_exact
        Whether it is the very one that judged the event.
    """

    looked_in: Sequence[Place] = ()
    ruleset: Ruleset | None = None
    place: Place | None = None
    is_exact: bool = False

    def rule(self, told: Mapping[str, Any]) -> Rule | None:
        """Return the rule that an alert tells of, None where it is not at hand in that version."""
        found = self.newest(told["id"])
        return found if found is not None and found.spec.version == told["version"] else None

    def newest(self, rule_id: str) -> Rule | None:
        """Return a rule in whatever version is at hand."""
        rules = () if self.ruleset is None else self.ruleset.rules
        return next((rule for rule in rules if rule.id == rule_id), None)
