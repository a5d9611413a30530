"""What the demo found, measured against the labels that the traffic carries and the service never sees."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fraudstream.engine.alerts import ALERT_SCHEMA
from loadtest.metrics_page import Metrics, total
from loadtest.traffic import Traffic


@dataclass
class Found:
    """The alerts as they came in: their content, source offsets, and the time from event to alert."""

    traffic: Traffic
    alerts: list[Any] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    appended_ms: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Of a repeated id the first counts: the service drops the later one.
        self._row_of = {name: row for row, name in reversed(list(enumerate(self.traffic.ids)))}

    def add(self, alert: Any, offset: int, appended_ms: int) -> None:
        """Take one alert; the summary of an hour is about no event of its own."""
        if alert["schema"] != ALERT_SCHEMA:
            return
        self.alerts.append(alert)
        self.offsets.append(offset)
        self.appended_ms.append(appended_ms)

    def incidents_caught(self) -> dict[int, set[str]]:
        """Return for each incident that some alert is about the rules that told it."""
        caught: dict[int, set[str]] = defaultdict(set)
        for alert, offset in zip(self.alerts, self.offsets, strict=True):
            for rule in alert["rules"]:
                for incident in self._about(rule, offset):
                    caught[incident].add(rule["id"])
        return caught

    def _about(self, rule: Any, offset: int) -> set[int]:
        """Return the incidents that a rule's part of an alert is about: its event's, and its evidence's.

        An innocent payment in the middle of a burst may be the one that completes it: the alert then stands
        at that payment, and names the burst's events as its evidence.
        """
        rows = [offset, *(self._row_of[each] for each in rule["contributing_event_ids"])]
        return {int(incident) for incident in self.traffic.incident[rows] if incident >= 0}

    def precision(self) -> float:
        """Return the share of alerts that are about an injected incident."""
        if not self.alerts:
            return 0.0
        right = [
            bool(self.traffic.incident[offset] >= 0)
            or any(self._about(rule, offset) for rule in alert["rules"])
            for alert, offset in zip(self.alerts, self.offsets, strict=True)
        ]
        return sum(right) / len(right)

    def recall(self) -> float:
        """Return the share of injected incidents with at least one alert."""
        incidents = len(self.traffic.incidents)
        return len(self.incidents_caught()) / incidents if incidents else 0.0

    def missed(self) -> list[str]:
        """Return `scenario (rule)` of each incident that its own rule did not tell."""
        caught = self.incidents_caught()
        return [
            f"{incident.scenario} ({incident.rule})"
            for index, incident in enumerate(self.traffic.incidents)
            if incident.rule is not None and incident.rule not in caught.get(index, set())
        ]

    def by_scenario(self) -> list[tuple[str, str, int, int]]:
        """Return per scenario its rule, how many incidents there were, and how many had an alert."""
        caught = self.incidents_caught()
        rows: dict[str, tuple[str, int, int]] = {}
        for index, incident in enumerate(self.traffic.incidents):
            rule, number, told = rows.get(incident.scenario, (incident.rule or "none: the model's", 0, 0))
            rows[incident.scenario] = (rule, number + 1, told + (index in caught))
        return [(scenario, *row) for scenario, row in rows.items()]

    def latency_ms(self, sent_ms: Any, percentile: float) -> float:
        """Return a percentile of the time from the append of an event to that of its alert."""
        if not self.offsets:
            return 0.0
        return float(np.percentile(np.array(self.appended_ms) - sent_ms[self.offsets], percentile))


def count(metrics: Metrics, name: str) -> int:
    """Return how often something was counted, whatever its labels."""
    return int(total(metrics, name))


def summary(found: Found, samples: Metrics, sent_ms: Any, seconds: float) -> dict[str, Any]:
    """Return the figures of the demo's last line."""
    events_in = count(samples, "fraudstream_events_total")
    return {
        "events_in": events_in,
        "decisions": count(samples, "fraudstream_decisions_total"),
        "dead_letters": count(samples, "fraudstream_dead_letters_total"),
        "duplicates": count(samples, "fraudstream_duplicates_total"),
        "alerts": len(found.alerts),
        "precision": round(found.precision(), 4),
        "recall": round(found.recall(), 4),
        "incidents": len(found.traffic.incidents),
        "covered_incidents_missed": len(found.missed()),
        "events_per_s": round(events_in / seconds, 1),
        "latency_ms_p50": round(found.latency_ms(sent_ms, 50), 1),
        "latency_ms_p99": round(found.latency_ms(sent_ms, 99), 1),
    }


def hits_by_rule(samples: Metrics) -> Counter[str]:
    """Return how often each rule hit."""
    outcomes = samples.get("fraudstream_rule_outcomes_total", {})
    return Counter({rule: int(number) for (outcome, rule, _), number in outcomes.items() if outcome == "hit"})


def alerts_by_rule(found: Found) -> Counter[str]:
    """Return how many alerts name each rule."""
    return Counter(rule["id"] for alert in found.alerts for rule in alert["rules"])
