"""Whether a worker lives, and whether it is ready, with reasons: what an orchestrator asks now and then."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

LIVE_SECONDS_MAX = 60.0
"""So long may the worker's loop be silent; it beats every second between two batches."""
UNASSIGNED_SECONDS_MAX = 30.0
"""So long may a rebalance take before the worker counts as not ready; most take a few seconds."""


class Health:
    """Follows what a worker reports; asked by the threads that answer HTTP.

    A worker is ready when an event that is its own would be judged now by the rules that it should have. One
    that stands by, as the group has given it no partitions, is ready to take them over. `clock` gives
    seconds that only ever grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._beat_at: float | None = None
        self._partitions: int | None = None
        self._revoked_at: float | None = None
        self._recovering = 0
        self._refused: str | None = None
        self._is_stopping = False

    def beat(self, recovering: int) -> None:
        """Take note that the loop goes round, and of how many shards are being recovered."""
        self._beat_at = self._clock()
        self._recovering = recovering

    def revoked(self) -> None:
        """Take note that the partitions are given out anew."""
        self._revoked_at = self._clock()

    def assigned(self, partitions: int) -> None:
        """Take note of how many partitions there are now; whoever has some recovers first."""
        self._partitions, self._revoked_at = partitions, None
        self._recovering = max(self._recovering, int(partitions > 0))

    def ruleset(self, refused: str | None) -> None:
        """Take note of why changed rules were refused, or of rules that are taken up."""
        self._refused = refused

    def stopping(self) -> None:
        """Take note that the worker ends."""
        self._is_stopping = True

    def silent(self) -> str | None:
        """Return why the worker is as good as dead, None where it lives; before its first beat it does."""
        beat_at = self._beat_at
        if beat_at is None or (silent := self._clock() - beat_at) <= LIVE_SECONDS_MAX:
            return None
        return f"the worker's loop has not come round for {silent:.0f} s: it is stuck, end it"

    def reasons(self) -> dict[str, str]:
        """Return why the worker is not ready, by what is amiss; nothing where it is."""
        found = {
            "stopping": "the worker is stopping" if self._is_stopping else None,
            "loop": self.silent(),
            "assignment": self._unassigned(),
            "recovery": self._behind(),
            "ruleset": self._outdated(),
        }
        return {check: why for check, why in found.items() if why is not None}

    def _unassigned(self) -> str | None:
        if self._partitions is None:
            return (
                "the group has not given out its partitions yet: a worker just started, or no broker answers"
            )
        revoked_at = self._revoked_at
        if revoked_at is None or (waited := self._clock() - revoked_at) <= UNASSIGNED_SECONDS_MAX:
            return None
        return f"no partitions for {waited:.0f} s, as the group has not given them out anew"

    def _behind(self) -> str | None:
        if not self._recovering:
            return None
        return "the state is being recovered: see fraudstream_recovery_pending_messages"

    def _outdated(self) -> str | None:
        if self._refused is None:
            return None
        return f"changed rules were refused ({self._refused}) and older ones are in force: the log says why"

    def summary(self) -> dict[str, Any]:
        """Return what `/health/ready` tells."""
        reasons = self.reasons()
        return {
            "status": "not_ready" if reasons else "ready",
            "reasons": [{"check": check, "why": why} for check, why in reasons.items()],
            "partitions": self._partitions or 0,
            "is_standby": self._partitions == 0,
        }
