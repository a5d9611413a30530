"""A back-test teaches labels as a worker would have heard of them: in their time, and never before."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fraudstream.engine.step import Engine, Settings
from fraudstream.events.times import parse_time
from fraudstream.rules.ruleset import Ruleset, build_ruleset
from fraudstream.workbench.answers import LabelFile
from fraudstream.workbench.lessons import Lessons, turns_of
from fraudstream.workbench.observing import Observer
from tests.unit.rule_files import event, rule_file, rule_files

FEATURES = (
    "{frauds: {count: frauds, by: debtor.id, window: 7d}, told: {count: labels, by: debtor.id, window: 7d}}"
)
MODEL = b"""schema: fraudstream.model/v1
id: learned
title: Amounts of known frauds
features: {amount: log1p(amount_usd)}
estimator: {kind: binned_logistic, first: 100}
warm_up: 2
seed: 1
"""
MINUTE_US = 60_000_000
FIRST = 120
"""So many events come before those that are drawn: the model scores once it knows a hundred labels."""


class Drawn(NamedTuple):
    """An event of a payer at a minute, and its label with the minute at which it became known, if any."""

    minute: int
    payer: str
    amount: int
    fraud: bool | None
    known: int


minutes = st.integers(1, 300)
taught_first = [Drawn(0, "c", 1 + number % 7 * 100, number % 7 == 6, 0) for number in range(FIRST)]
drawn = st.builds(
    Drawn, minutes, st.sampled_from("ab"), st.integers(1, 900), st.sampled_from([None, True, False]), minutes
)
histories = st.lists(drawn, min_size=1, max_size=25).map(lambda events: [*taught_first, *events])


@cache
def ruleset() -> Ruleset:
    """Return rules that tell of every event, with the labels known by then and what a model made of them."""
    counts = rule_file("told >= 0 and frauds >= 0", features=FEATURES, cases="[]")
    scores = rule_file('score("learned") >= 0', rule_id="TST-MOD-001", cases="[]")
    return build_ruleset(rule_files(counts, scores, **{"models/learned.yml": MODEL}))


def at_us(minute: int) -> int:
    """Return a minute of the histories as a time."""
    return parse_time("2026-03-02T00:00:00Z") + minute * MINUTE_US


def messages_of(history: Sequence[Drawn]) -> list[bytes]:
    """Return the events as they come; a later one may be dated earlier."""
    return [
        event(
            f"e{place}",
            f"2026-03-02T{each.minute // 60:02}:{each.minute % 60:02}:00Z",
            amount=each.amount,
            debtor={"id": each.payer},
        )
        for place, each in enumerate(history)
    ]


def answers_of(history: Sequence[Drawn]) -> LabelFile:
    """Return the labels with their times."""
    labelled = {f"e{place}": each for place, each in enumerate(history) if each.fraud is not None}
    known = {name: at_us(each.known) for name, each in labelled.items()}
    return LabelFile({name: bool(each.fraud) for name, each in labelled.items()}, known)


def alerts_taught(history: Sequence[Drawn], portion: int) -> list[bytes]:
    """Return the alerts of a back-test that reads so many messages at a time."""
    messages, observer = messages_of(history), Observer(ruleset(), Settings())
    starts = [0, *range(FIRST, len(messages), portion), len(messages)]
    portions = [messages[start:end] for start, end in pairwise(starts)]
    lessons = Lessons(Settings(), answers_of(history))
    results = [observer.take(turn)[0] for turn in turns_of(portions, lessons)]
    return [alert.value for result in results for alert in result.alerts]


def alerts_lived(history: Sequence[Drawn]) -> list[bytes]:
    """Return the alerts of an engine that gets one event at a time, and first what is known by then."""
    engine, newest = Engine(ruleset()), 0
    messages = messages_of(history)
    found = [alert.value for alert in engine.step(messages[:FIRST]).alerts]
    waiting = [(0, place) for place in range(FIRST)]
    for place, each in enumerate(history[FIRST:], FIRST):
        newest = max(newest, each.minute)
        due = sorted(one for one in waiting if one[0] < newest)
        waiting = [one for one in waiting if one not in due]
        engine.learn([label(f"e{of}", bool(history[of].fraud)) for _, of in due])
        found += [alert.value for alert in engine.step([messages[place]]).alerts]
        if each.fraud is not None:
            waiting.append((each.known, place))
    return found


def label(event_id: str, fraud: bool) -> bytes:
    """Return a label as a message."""
    what = "fraud" if fraud else "genuine"
    return orjson.dumps({"schema": "fraudstream.label/v1", "event_id": event_id, "label": what})


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories, st.integers(1, 26))
def test_labels_are_taught_as_they_would_have_been_heard(history: list[Drawn], portion: int) -> None:
    """However the history is read, it says what an engine says that is told one thing at a time."""
    assert alerts_taught(history, portion) == alerts_lived(history)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories, minutes, st.integers(1, 26))
def test_no_label_acts_before_its_time(history: list[Drawn], until: int, portion: int) -> None:
    """What is known from some minute on may say anything: nothing changes up to that minute."""

    def otherwise(each: Drawn) -> Drawn:
        later = each.fraud is not None and each.known >= until
        return each._replace(fraud=not each.fraud) if later else each

    changed = [otherwise(each) for each in history]
    before = next((place for place, each in enumerate(history) if each.minute > until), len(history))
    assert told_before(alerts_taught(history, portion), before) == told_before(
        alerts_taught(changed, portion), before
    )


def told_before(alerts: Sequence[bytes], place: int) -> list[Any]:
    """Return the alerts about the events that came before one."""
    contents = [orjson.loads(alert) for alert in alerts]
    return [each for each in contents if int(each["event"]["id"][1:]) < place]
