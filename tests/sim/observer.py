"""What a simulated worker reports."""

from __future__ import annotations

from tests.unit.stream.fakes import DeafObserver


class SimObserver(DeafObserver):
    """Keeps the failures that workers report, of all workers in one list."""

    def __init__(self, errors: list[str]) -> None:
        self.errors = errors

    def on_error(self, stage: str) -> None:
        """Keep a failure."""
        self.errors.append(stage)

    def on_ruleset_refused(self, reason: str, seconds: float) -> None:
        """Keep a refusal."""
        self.errors.append("refused")
