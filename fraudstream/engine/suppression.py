"""Keeps back repeated alerts of a rule for the same key; actions are never suppressed."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

_SWEEP_AT = 100_000


@dataclass
class Suppression:
    """From when and until when each rule keeps quiet for each key, in event time (microseconds)."""

    _quiet_us: dict[Hashable, tuple[int, int]] = field(default_factory=dict)
    _sweep_at: int = _SWEEP_AT

    def allows(self, key: Hashable, t_us: int, quiet_us: int) -> bool:
        """Tell whether an alert may go out now; if so, the key is quiet for `quiet_us` from now."""
        start_us, end_us = self._quiet_us.get(key, (t_us, t_us))
        if start_us <= t_us < end_us:
            return False
        # A late alert from before the quiet time leaves it as it is.
        self._quiet_us[key] = max((start_us, end_us), (t_us, t_us + quiet_us))
        if len(self._quiet_us) > self._sweep_at:
            self._sweep(t_us)
        return True

    def _sweep(self, t_us: int) -> None:
        self._quiet_us = {key: quiet for key, quiet in self._quiet_us.items() if quiet[1] > t_us}
        self._sweep_at = max(_SWEEP_AT, 2 * len(self._quiet_us))
