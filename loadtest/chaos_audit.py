"""Holds what came out of workers that were hurt against one engine that judges everything without a break.

With several partitions the order between them is whatever the workers made of it; their journal says it, and
the one engine follows it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from fraudstream.engine.step import Engine
from fraudstream.stores.rule_directory import load_ruleset
from fraudstream.stream.journal import decode, runs, valid
from loadtest.crash_rig import CrashRig, headers_of

BATCH_EVENTS = 5_000

Figures = dict[str, int | float | str]
Source = tuple[int, int]
"""Partition and offset of an input message."""


class Message(NamedTuple):
    """An input message: its place, what it holds, when it was appended (milliseconds since 1970 UTC)."""

    source: Source
    value: bytes
    appended_ms: int


class Outcome(NamedTuple):
    """What came of a stream: alerts by id, with bytes and place of their event; dead letters by place."""

    alerts: dict[str, tuple[Source, bytes]]
    letters: set[Source]


def audit(rig: CrashRig, sent: int) -> Figures:
    """Compare all that the workers of a rig gave rise to; AssertionError where the input is incomplete."""
    output = rig.topology.output
    for topic in (output.alerts, output.dead_letters, output.journal):
        rig.settle(topic)
    inputs = _inputs(rig)
    assert sum(map(len, inputs.values())) == sent, "the input topic does not hold what was sent"
    order = list(_in_order(rig, inputs))
    expected = _uninterrupted(rig, order)
    alerts = [
        (_source(headers), headers["alert_id"], each.value)
        for each in rig.read(rig.topology.output.alerts)
        for headers in [headers_of(each)]
    ]
    times = Counter(alert_id for _, alert_id, _ in alerts)
    letters = Counter(_source(headers_of(each)) for each in rig.read(rig.topology.output.dead_letters))
    recoveries = [float(each) for each in re.findall(r"recovered in ([\d.]+) s", rig.logs())]
    return {
        "alerts_expected": len(expected.alerts),
        "alerts_lost": len(expected.alerts.keys() - times.keys()),
        "alerts_duplicated": times.total() - len(times),
        "decisions_different": sum(
            expected.alerts.get(alert_id) != (source, value) for source, alert_id, value in alerts
        ),
        "recovery_s_max": max(recoveries, default=0.0),
        "recoveries": len(recoveries),
        "events": sent,
        "events_unread": sent - len(order),
        "dead_letters_expected": len(expected.letters),
        "dead_letters_lost": len(expected.letters - letters.keys()),
        "dead_letters_duplicated": letters.total() - len(letters),
        "dead_letters_different": len(letters.keys() - expected.letters),
    }


def _inputs(rig: CrashRig) -> Mapping[int, list[Message]]:
    """Return the input by partition; a message's place in its list is its offset."""
    inputs: dict[int, list[Message]] = defaultdict(list)
    for record in rig.read(rig.topology.input.topic):
        assert record.offset == len(inputs[record.partition]), "the input topic has a gap"
        source = (record.partition, record.offset)
        inputs[record.partition].append(Message(source, record.value, record.timestamp))
    return inputs


def _in_order(rig: CrashRig, inputs: Mapping[int, list[Message]]) -> Iterator[Message]:
    """Give the input in the order in which it was judged."""
    entries = list(valid(decode(record.value) for record in rig.read(rig.topology.output.journal)))
    for run in runs(entries, {}):
        yield from inputs[run.partition][run.start : run.stop]


def _uninterrupted(rig: CrashRig, order: list[Message]) -> Outcome:
    """Return what one engine makes of all of it."""
    engine = Engine(load_ruleset(rig.topology.rules), rig.topology.settings())
    outcome = Outcome({}, set())
    for start in range(0, len(order), BATCH_EVENTS):
        part = order[start : start + BATCH_EVENTS]
        appended_us = np.array([each.appended_ms for each in part], np.int64) * 1_000
        result = engine.step([each.value for each in part], appended_us=appended_us)
        for alert in result.alerts:
            outcome.alerts[alert.alert_id] = part[alert.row].source, alert.value
        outcome.letters.update(part[letter.row].source for letter in result.dead_letters)
    return outcome


def _source(headers: Mapping[str, Any]) -> Source:
    return int(headers["source_partition"]), int(headers["source_offset"])
