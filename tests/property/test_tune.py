"""A sweep says of every value what an engine of its own says with the parameter changed in the rule file."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fraudstream.engine.step import Engine, Settings
from fraudstream.workbench.below import first_beside
from fraudstream.workbench.sweep import DAY_US
from fraudstream.workbench.thresholds import thresholds
from fraudstream.workbench.tune import Sampling, Tuning, tune
from tests.unit.rule_files import event, rule_file, ruleset_of

FEATURES = (
    "{n: {count: events, by: debtor.id, window: 2d},"
    " s: {sum: amount_usd, where: amount_usd > 3, by: debtor.id, window: 1d},"
    " r: {ratio: amount_usd, by: debtor.id, window: 3d},"
    " gap: {time_since_last: events, by: debtor.id}}"
)
NUMBERS = [
    "n >= p",
    "p > n",
    "amount_usd > p",
    "amount < p",
    "s / 4 > p * 2",
    "amount_usd * p >= s",
    "n + p == 4",
    "p <= n <= p + 2",
    "n in [p, 4]",
    "r > p / 2",
    "s % 3 < p",
    "greatest(n, p) < 4",
    "abs(amount_usd - p) < 1",
    "not (n > p)",
    "p > 2",
    "device.lat > p",
]
PLAIN = ["amount_usd > 2", 'kind == "transfer"', "n < 5", "device.lat > 0", 'rule("TST-OTHER-001")', "r > 1"]
DURATIONS = ["gap >= p", "gap < p or amount_usd > 4", "gap + p > 30h", "p < 20h or n > 2"]
BANDS = "{of: n, outcomes: [{name: few, from: p, to: 7}, {name: many, from: 7}]}"
ENGINE = Settings()

hours = st.integers(0, 12 * 24)
amounts = st.sampled_from([0, 0.5, 1, 2, 3, 3.01, 4, 5, 9])
messages = st.lists(
    st.tuples(hours, st.sampled_from("abc"), amounts, st.sampled_from([None, -1.5, 2.0, 3.5])),
    min_size=1,
    max_size=30,
)


def stream(drawn: list[tuple[int, str, float, float | None]]) -> list[bytes]:
    """Return transfers in the order of their times; some have no place."""
    events = []
    for place, (hour, payer, amount, latitude) in enumerate(sorted(drawn, key=lambda each: each[0])):
        at = f"2026-03-{2 + hour // 24:02}T{hour % 24:02}:00:00Z"
        where = {} if latitude is None else {"device": {"lat": latitude, "lon": 1.0}}
        events.append(event(f"e{place}", at, amount=amount, debtor={"id": payer}, **where))
    return events


@st.composite
def conditions(draw: st.DrawFn) -> tuple[str, list[str], str]:
    """Draw a condition in which p stands somewhere, the values to try, and bands or none."""
    is_duration = draw(st.booleans())
    parts = [draw(st.sampled_from(DURATIONS if is_duration else NUMBERS)), draw(st.sampled_from(PLAIN))]
    words = draw(st.sampled_from(["{} and {}", "{} or {}", "{}", "not ({}) or {}"]))
    numbers = [f"{each}h" for each in (1, 9, 20, 30)] if is_duration else ["1", "2", "2.5", "4", "6"]
    values = draw(st.lists(st.sampled_from(numbers), min_size=2, max_size=5, unique=True))
    bands = BANDS if not is_duration and draw(st.booleans()) else ""
    return words.format(*parts), values, bands


def files(when: str, value: str, bands: str, status: str) -> list[bytes]:
    """Return the rule with a value of p, and one on which it may rest."""
    text = "'" + when.replace("'", "''") + "'"
    then = "{action: review, score: 10, reason_code: ANY, suppress: {by: debtor.id, for: 24h}}"
    other = rule_file("amount_usd < 3", rule_id="TST-OTHER-001", status="shadow")
    parts: dict[str, Any] = {"features": FEATURES, "bands": bands, "then": then, "status": status}
    return [rule_file(text, params=f"{{p: {value}}}", cases="[]", **parts), other]


def hits_alone(rules: list[bytes], events: list[bytes]) -> list[bool]:
    """Return which events the first rule hits, one step an event."""
    engine = Engine(ruleset_of(*rules), ENGINE)
    return [bool(engine.step([each]).rule_outcomes[0, 0]) for each in events]


def check(found: Tuning, events: list[bytes], hits: dict[str, list[bool]]) -> None:
    """Compare a sweep with the hits of separate runs, event by event where they lie below the line."""
    rows = [hits[each.text] for each in found.thresholds.values]
    assert found.total.hits.tolist() == [sum(row) for row in rows]
    assert found.total.events == len(events)
    current = found.thresholds.current
    below: dict[int, set[str]] = {}
    for event_, column in enumerate(zip(*rows, strict=True)):
        if any(column) and not column[current]:
            distance, value = min((abs(place - current), place) for place, hit in enumerate(column) if hit)
            assert distance
            below.setdefault(value, set()).add(f"e{event_}")
    assert {band.value: {each.event_id for each in band.drawn} for band in found.bands} == below


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(conditions(), messages, st.sampled_from(["live", "shadow"]), st.integers(1, 31))
def test_a_sweep_equals_separate_runs(
    drawn: tuple[str, list[str], str], history: Any, status: str, batch: int
) -> None:
    """Wherever the parameter stands, with bands or without, in whatever batches."""
    when, values, bands = drawn
    events = stream(history)
    mine = files(when, values[0], bands, status)
    ruleset = ruleset_of(*mine)
    rule = ruleset.rules[0]
    swept = thresholds(rule, "p", ",".join(values))
    batches = [events[start : start + batch] for start in range(0, len(events), batch)]
    found = tune(ruleset, rule, swept, ENGINE, batches, sampling=Sampling(1_000))
    alone = {each.text: hits_alone(files(when, each.text, bands, status), events) for each in swept.values}
    check(found, events, alone)


@given(st.lists(st.integers(0, 10 * 7 - 1), min_size=1, max_size=20))
def test_weeks_add_up_to_the_whole(days: list[int]) -> None:
    """Every event lies in the week of its Monday."""
    events = [
        event(f"e{place}", f"2026-{3 + day // 28:02}-{1 + day % 28:02}T00:00:00Z")
        for place, day in enumerate(sorted(days))
    ]
    ruleset = ruleset_of(rule_file("amount_usd > p", params="{p: 0.5}"))
    rule = ruleset.rules[0]
    found = tune(ruleset, rule, thresholds(rule, "p", "0.1,5"), ENGINE, [events])
    assert sum(week.events for week in found.sweep.weeks.values()) == len(events) == found.total.events
    # 1970-01-05 was a Monday.
    assert {monday % 7 for monday in found.sweep.weeks} == {4}
    assert DAY_US == 24 * 60 * 60 * 1_000_000


@given(
    st.integers(1, 7).flatmap(
        lambda values: st.tuples(
            st.integers(0, values - 1),
            st.lists(st.lists(st.booleans(), min_size=values, max_size=values), min_size=1),
        )
    )
)
def test_the_nearest_value_that_hits(drawn: tuple[int, list[list[bool]]]) -> None:
    """Of two equally near it is the lower."""
    current, events = drawn
    hits = [each for each in events if any(each) and not each[current]]
    if not hits:
        return
    expected = [
        min((place for place, hit in enumerate(each) if hit), key=lambda place: (abs(place - current), place))
        for each in hits
    ]
    assert first_beside(np.array(hits).T, current).tolist() == expected
