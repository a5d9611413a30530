"""Keeps back repeated alerts of a rule for the same key; actions are never suppressed."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

_SWEEP_AT = 100_000


@dataclass
class Suppression:
    """Until when each rule keeps quiet for each key, in event time (microseconds)."""

    _until_us: dict[Hashable, int] = field(default_factory=dict)
    _sweep_at: int = _SWEEP_AT

    def allows(self, key: Hashable, t_us: int, quiet_us: int) -> bool:
        """Tell whether an alert may go out now; if so, the key is quiet for `quiet_us` from now."""
        if t_us < self._until_us.get(key, t_us):
            return False
        self._until_us[key] = t_us + quiet_us
        if len(self._until_us) > self._sweep_at:
            self._sweep(t_us)
        return True

    def _sweep(self, t_us: int) -> None:
        self._until_us = {key: until for key, until in self._until_us.items() if until > t_us}
        self._sweep_at = max(_SWEEP_AT, 2 * len(self._until_us))
