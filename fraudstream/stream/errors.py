"""The one error of a cluster that is not as it has to be."""

from __future__ import annotations

SECURITY = "security"
"""What the metric of errors calls a cluster that the worker does not trust, or that does not let it in."""


class BrokerError(Exception):
    """The cluster is out of reach or not as the topology needs it: what, where, remedy, in one line.

    `stage` is what the metric of errors calls it: `broker`, `topics`, `denied` or `security`. `is_away` says
    that the same question may be answered later, when the broker is there or ready.
    """

    def __init__(self, message: str, stage: str = "broker", *, is_away: bool = False) -> None:
        super().__init__(message)
        self.stage = stage
        self.is_away = is_away
