"""The figures of a back-test as plain functions of counts; None where a figure has no meaning."""

from __future__ import annotations

from dataclasses import dataclass


def share(part: int, whole: int) -> float | None:
    """Return part / whole, None of nothing."""
    return part / whole if whole else None


@dataclass(frozen=True)
class Caught:
    """What was caught of the labelled events: frauds and genuine events, and the frauds' worth.

    Values are in minor units of the base currency; events without a label count nowhere.
    """

    frauds: int
    genuine: int
    fraud_value: int
    frauds_all: int
    fraud_value_all: int

    @property
    def precision(self) -> float | None:
        """The share of frauds in what was caught."""
        return share(self.frauds, self.frauds + self.genuine)

    @property
    def recall(self) -> float | None:
        """The share of all frauds that was caught."""
        return share(self.frauds, self.frauds_all)

    @property
    def false_positive_ratio(self) -> float | None:
        """How many genuine events are caught for each fraud."""
        return share(self.genuine, self.frauds)

    @property
    def value_recall(self) -> float | None:
        """The share of the value of all frauds that was caught."""
        return share(self.fraud_value, self.fraud_value_all)


@dataclass(frozen=True)
class Budgeted:
    """Of the alerts that fit the daily budget, how many tell of a rule, and what they were."""

    alerts: int
    frauds: int
    genuine: int

    @property
    def precision(self) -> float | None:
        """The share of frauds in them, of those with a label."""
        return share(self.frauds, self.frauds + self.genuine)
