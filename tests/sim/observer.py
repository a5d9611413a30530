"""What a simulated worker reports."""

from __future__ import annotations

from typing import Any


class SimObserver:
    """Keeps the failures that workers report, of all workers in one list."""

    def __init__(self, errors: list[str]) -> None:
        self.errors = errors

    def on_error(self, stage: str) -> None:
        """Keep a failure."""
        self.errors.append(stage)

    def on_batch(self, result: Any, **_: Any) -> None:
        """Keep nothing."""

    def on_lag(self, partition: int, events: int) -> None:
        """Keep nothing."""

    def on_ruleset(self, version: str, rules: int) -> None:
        """Keep nothing."""

    def on_ruleset_refused(self, reason: str) -> None:
        """Keep a refusal."""
        self.errors.append("refused")

    def on_memory(self, stats: Any) -> None:
        """Keep nothing."""

    def on_recovered(self, seconds: float, messages: int) -> None:
        """Keep nothing."""

    def on_checkpoint_begun(self, pause_seconds: float) -> None:
        """Keep nothing."""

    def on_checkpoint(self, seconds: float, size_bytes: int) -> None:
        """Keep nothing."""
