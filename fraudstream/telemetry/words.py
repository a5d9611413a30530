"""What labels may hold that is known beforehand, so that its counters stand at zero from the start.

A counter that appears with its first failure hides just that one: Prometheus needs a value before it to see
an increase.
"""

from __future__ import annotations

from fraudstream.engine.actions import ACTIONS

ERROR_STAGES = (
    *("alert_too_large", "audit", "broker", "checkpoint", "denied", "emit", "fenced", "journal"),
    *("recovery", "retention", "security", "stage", "step", "topics"),
)
DEAD_LETTER_REASONS = (
    *("absurd_amount", "ahead_of_time", "alert_too_large", "bad_amount", "bad_time", "invalid_utf8"),
    *("missing_field", "negative_amount", "not_a_label", "not_an_object", "not_json", "out_of_bounds"),
    *("step_failed", "text_too_long", "tombstone", "too_deep", "too_large", "unknown_channel"),
    *("unknown_currency", "unknown_kind", "unknown_status", "wrong_type"),
)
HTTP_REFUSALS = ("busy", "credentials", "method", "rate")
SPAN_OUTCOMES = ("failed", "full", "sent")
RULE_REFUSALS = ("failed", "stale", "tampered", "unapproved", "unfit", "unreadable", "unsigned", "wrong_key")
LABEL_OUTCOMES = ("fraud", "genuine", "repeated", "unknown")
GRAVER = tuple(
    (str(action), str(would_be)) for index, action in enumerate(ACTIONS) for would_be in ACTIONS[index + 1 :]
)
"""Actions, and what they would be if more rules were live."""
