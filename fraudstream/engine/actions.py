"""Which action wins when several rules hit, said once."""

from __future__ import annotations

from fraudstream.rules.schema import Action

ACTIONS: tuple[Action, ...] = (Action.ALLOW, Action.REVIEW, Action.REPORT, Action.HOLD, Action.BLOCK)
"""In rising precedence: of several hits the last one here decides.

A report to the authority does not stop a payment, so a hold or a block goes before it; the alert still
names the rule that asked for the report.
"""

RANKS: dict[Action, int] = {action: rank for rank, action in enumerate(ACTIONS)}
"""The place of each action in the order of precedence."""

SEVERITIES: tuple[str, ...] = ("low", "medium", "high", "critical")
"""In rising order: an alert has the highest severity of its rules."""

SCORE_MAX = 100
"""An event's score is the sum of the scores of the rules that hit, at most this."""
