"""The generated stream keeps its promises: size, labels, incidents, faults, and innocent habits."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

import numpy as np
import orjson
import pytest

from fraudstream.events.money import EXPONENTS
from fraudstream.events.schema import DEFAULT_COLUMNS, OTHER_KINDS, PAYMENT_KINDS
from loadtest.traffic import Incident, Traffic, generate
from tests.unit.loadtest.decoded_event import Event, decode
from tests.unit.loadtest.rule_conditions import CONDITIONS

UNCOVERED = {"odd_hours_spree", "slow_drain", "cash_out_burst"}
TWO_MINUTES_US = 120_000_000


@cache
def _traffic(events: int) -> Traffic:
    return generate(events, seed=7)


def _accepted(traffic: Traffic) -> Iterator[tuple[int, Event]]:
    """Yield row and event of every payload that a careful reader accepts, repeated ones once."""
    seen: set[str] = set()
    for row, payload in enumerate(traffic.payloads):
        try:
            event = decode(payload)
        except (ValueError, KeyError):
            continue
        if event.id not in seen:
            seen.add(event.id)
            yield row, event


@cache
def _rows_hit(events: int) -> dict[str, set[int]]:
    """Return per rule the rows on which its conditions hold, in event time."""
    by_time = sorted(_accepted(_traffic(events)), key=lambda pair: pair[1].at)
    row_of = {event.id: row for row, event in by_time}
    stream = [event for _, event in by_time]
    return {rule: {row_of[event.id] for event in hits(stream)} for rule, hits in CONDITIONS.items()}


def _of_rule(traffic: Traffic, rule: str | None) -> list[Incident]:
    return [incident for incident in traffic.incidents if incident.rule == rule]


def test_same_arguments_give_the_same_bytes() -> None:
    """Two calls agree in payloads, keys, ids and labels; another seed gives other payloads."""
    one, again = generate(2_000, seed=3), generate(2_000, seed=3)
    assert (one.payloads, one.keys, one.ids) == (again.payloads, again.keys, again.ids)
    assert np.array_equal(one.incident, again.incident)
    assert np.array_equal(one.occurred_at_us, again.occurred_at_us)
    assert one.payloads != generate(2_000, seed=4).payloads


@pytest.mark.parametrize("events", [1_000, 1_237, 4_999, 5_000, 20_000])
def test_gives_exactly_the_events_asked_for(events: int) -> None:
    """Every column of the stream has one entry per event."""
    traffic = _traffic(events)
    columns = (traffic.payloads, traffic.keys, traffic.ids, traffic.occurred_at_us, traffic.incident)
    assert {len(column) for column in columns} == {events}


@pytest.mark.parametrize("rule", CONDITIONS)
def test_every_incident_meets_the_conditions_of_its_rule(rule: str) -> None:
    """At 5,000 and 20,000 events, the rule of each incident holds on a row of that very incident."""
    for events in (5_000, 20_000):
        incidents = _of_rule(_traffic(events), rule)
        assert incidents
        for incident in incidents:
            assert _rows_hit(events)[rule] & set(incident.rows.tolist()), incident


def test_uncovered_scenarios_meet_no_rule() -> None:
    """Each of the three that only the model can find is there, and no rule's conditions hold on its rows."""
    for events in (5_000, 20_000):
        uncovered = _of_rule(_traffic(events), None)
        assert {incident.scenario for incident in uncovered} == UNCOVERED
        rows = {row for incident in uncovered for row in incident.rows.tolist()}
        assert not rows & set().union(*_rows_hit(events).values())


def test_uncovered_scenarios_break_habits() -> None:
    """The amounts of each are far above what the same person pays otherwise in the same way."""
    traffic = _traffic(50_000)
    kind_of = {
        "odd_hours_spree": "card_payment",
        "slow_drain": "transfer",
        "cash_out_burst": "cash_withdrawal",
    }
    events = [(traffic.incident[row], event) for row, event in _accepted(traffic)]
    for number, incident in enumerate(traffic.incidents):
        if incident.rule is None:
            person = decode(traffic.payloads[incident.rows[0]]).text("debtor.id")
            own = [pair for pair in events if pair[1].text("debtor.id") == person]
            paid = [pair for pair in own if pair[1].kind == kind_of[incident.scenario]]
            usual = [event.usd for label, event in paid if label < 0]
            unusual = [event.usd for label, event in paid if label == number]
            assert not usual or np.median(unusual) > 2.5 * np.median(usual), incident


def test_innocent_people_meet_the_conditions_rarely() -> None:
    """At most one innocent event in 4,000 satisfies any rule."""
    for events in (5_000, 20_000):
        hit = set().union(*_rows_hit(events).values())
        innocent = [row for row in hit if _traffic(events).incident[row] < 0]
        assert len(innocent) <= events / 4_000, innocent


def test_small_stream_has_the_smallest_scenarios() -> None:
    """1,000 events hold the fourteen smallest scenarios, whose conditions are met there as well."""
    traffic = _traffic(1_000)
    assert len(traffic.incidents) == 14
    for incident in traffic.incidents:
        if incident.rule is not None:
            assert _rows_hit(1_000)[incident.rule] & set(incident.rows.tolist()), incident


def test_labels_agree_with_the_incidents() -> None:
    """`incident` and the rows of `incidents` say the same, and an incident's rows are in time order."""
    traffic = _traffic(20_000)
    for number, incident in enumerate(traffic.incidents):
        assert np.array_equal(np.sort(incident.rows), np.flatnonzero(traffic.incident == number))
        assert np.all(np.diff(traffic.occurred_at_us[incident.rows]) >= 0)
    assert traffic.incident.max() == len(traffic.incidents) - 1


def test_no_payload_tells_a_label() -> None:
    """Neither a scenario's name nor a rule id occurs in any payload, nor a field outside the schema."""
    traffic = _traffic(20_000)
    text = b"\n".join(traffic.payloads).lower()
    for incident in traffic.incidents:
        for label in (incident.scenario, incident.scenario.replace("_", " "), incident.rule or "incident"):
            assert label.lower().encode() not in text
    names = {name for _, event in _accepted(traffic) for name in event.fields}
    assert names <= {column.name for column in DEFAULT_COLUMNS}


def test_duplicates_repeat_an_earlier_payload() -> None:
    """As many payloads as promised carry the id and bytes of an earlier one, and are innocent."""
    traffic = _traffic(20_000)
    first: dict[str, int] = {}
    repeated = [row for row, name in enumerate(traffic.ids) if first.setdefault(name, row) != row]
    assert len(repeated) == traffic.duplicates == 20
    for row in repeated:
        earlier = first[traffic.ids[row]]
        assert traffic.payloads[row] == traffic.payloads[earlier]
        assert traffic.incident[row] == -1


def test_malformed_payloads_are_as_many_as_promised() -> None:
    """Exactly as many payloads as promised cannot be read, for several reasons, and none is an incident's."""
    traffic = _traffic(20_000)
    unread: Counter[str] = Counter()
    for row, payload in enumerate(traffic.payloads):
        try:
            decode(payload)
        except (ValueError, KeyError) as error:
            unread[type(error).__name__ + re.sub(r"[\d.]+", "", str(error))[:20]] += 1
            assert traffic.incident[row] == -1
    assert unread.total() == traffic.malformed == 10
    assert len(unread) >= 6


def test_shares_of_faults_can_be_chosen() -> None:
    """Without faults every payload is read and every id is unique; larger shares give more of them."""
    clean = generate(1_000, duplicate_share=0, malformed_share=0)
    assert (clean.duplicates, clean.malformed, len(set(clean.ids))) == (0, 0, 1_000)
    assert len(list(_accepted(clean))) == 1_000
    faulty = generate(1_000, duplicate_share=0.05, malformed_share=0.02)
    assert (faulty.duplicates, faulty.malformed) == (50, 20)
    assert len(list(_accepted(faulty))) == 930


def test_payload_carries_its_id_time_and_key() -> None:
    """Ids name the seed, times agree to the millisecond, keys are the debtor's id or else the card's."""
    traffic = _traffic(5_000)
    for row, event in _accepted(traffic):
        assert event.id == traffic.ids[row]
        assert event.id.startswith("e-7-")
        assert round(event.at * 1_000) * 1_000 == traffic.occurred_at_us[row]
        key = event.text("debtor.id") or event.text("card.id")
        assert traffic.keys[row] == key.encode() != b""
    assert any(not event.text("debtor.id") for _, event in _accepted(traffic))


def test_few_events_arrive_late_and_at_most_two_minutes() -> None:
    """Against the newest time seen before, under 2 % of the events lag, and none by more than two minutes."""
    times_us = _traffic(20_000).occurred_at_us
    lag_us = np.maximum.accumulate(times_us) - times_us
    assert lag_us.max() <= TWO_MINUTES_US
    assert 0 < np.count_nonzero(lag_us) < 0.02 * len(times_us)


def test_kinds_and_money_are_those_of_the_schema() -> None:
    """All kinds occur; payments, and they alone, have an amount that fits the decimals of its currency."""
    kinds: set[str] = set()
    currencies: set[str] = set()
    for _, event in _accepted(_traffic(20_000)):
        kinds.add(event.kind)
        assert ("amount" in event.fields) == (event.kind in PAYMENT_KINDS)
        if event.kind in PAYMENT_KINDS:
            currencies.add(event.text("currency"))
            decimals = len(event.text("amount").partition(".")[2].rstrip("0"))
            assert decimals <= EXPONENTS[event.text("currency")]
    # The traffic has one event per payment, so no later steps of one.
    assert kinds == (PAYMENT_KINDS | OTHER_KINDS) - {"payment_status"}
    assert currencies == {"USD", "EUR", "GBP", "CNY", "JPY"}


def test_time_covered_grows_with_the_events() -> None:
    """50,000 events cover about a week, and fewer events less."""
    week, short = _traffic(50_000), _traffic(1_000)
    for traffic, days in ((week, 7), (short, 2)):
        first_us, last_us = np.quantile(traffic.occurred_at_us, [0.005, 0.995])
        assert days - 1 < (last_us - first_us) / 86_400_000_000 < days + 0.5
    assert min(Counter(incident.scenario for incident in week.incidents).values()) == 3


def test_payloads_are_compact_json_objects() -> None:
    """A payload is the shortest JSON of its content, as a producer would write it."""
    traffic = generate(1_000, malformed_share=0)
    for payload in traffic.payloads:
        assert len(orjson.dumps(orjson.loads(payload))) <= len(payload) <= 1_000


@pytest.mark.parametrize(
    ("events", "share", "message"), [(999, 0.0, "smallest stream has 1000"), (1_000, 0.2, "choose 0 to 0.1")]
)
def test_refuses_what_it_cannot_do(events: int, share: float, message: str) -> None:
    """Too small a stream and absurd shares are refused with the remedy."""
    with pytest.raises(ValueError, match=message):
        generate(events, duplicate_share=share)
