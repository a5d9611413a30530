"""Keeps back repeated alerts of a rule or typology for the same key; actions are never suppressed."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

Key = tuple[str, ...]
"""The id of a rule or a typology, the columns of its key, and their texts."""
_SWEEP_AT = 100_000


class Suppression:
    """From when and until when each key is quiet, in event time (microseconds)."""

    def __init__(self) -> None:
        self._quiet_us: dict[Key, tuple[int, int]] = {}
        self._sweep_at = _SWEEP_AT

    def is_quiet(self, key: Key, t_us: int) -> bool:
        """Tell whether an alert must be kept back."""
        quiet = self._quiet_us.get(key)
        return quiet is not None and quiet[0] <= t_us < quiet[1]

    def told(self, key: Key, t_us: int, quiet_us: int, floor_us: int) -> None:
        """Take note of an alert: its key is quiet for `quiet_us` from now.

        Quiet times that ended at or before `floor_us`, which only late events could still meet, are
        forgotten when there are many.
        """
        quiet = (t_us, t_us + quiet_us)
        # A late alert from before the quiet time leaves it as it is.
        self._quiet_us[key] = max(self._quiet_us.get(key, quiet), quiet)
        if len(self._quiet_us) > self._sweep_at:
            self._quiet_us = {key: quiet for key, quiet in self._quiet_us.items() if quiet[1] > floor_us}
            self._sweep_at = max(_SWEEP_AT, 2 * len(self._quiet_us))

    def snapshot(self) -> dict[str, bytes | int]:
        """Return the whole state."""
        quiet = [[*key, *quiet] for key, quiet in self._quiet_us.items()]
        return {"quiet": orjson.dumps(quiet), "sweep_at": self._sweep_at}

    def restore(self, state: Mapping[str, bytes | int]) -> None:
        """Go on from a snapshot."""
        saved = orjson.loads(state["quiet"])  # type: ignore[arg-type]
        self._quiet_us = {tuple(key): (start_us, end_us) for *key, start_us, end_us in saved}
        self._sweep_at = int(state["sweep_at"])
