"""Alerts are filled-in templates: whatever they hold, they are the JSON that plain Python would write."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from fraudstream.engine import alert_writer
from tests.unit.rule_files import alerts_of, engine_of, event, rule_file

_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12)
_MAYBE = st.none() | _TEXT


@settings(deadline=None)
@given(_TEXT, _MAYBE, _MAYBE, st.none() | st.floats(-90, 90))
def test_what_an_event_says_comes_back(
    name: str, purpose: str | None, country: str | None, latitude: float | None
) -> None:
    """Every column of an event stands in its alert with the value that it came with."""
    engine = engine_of(rule_file('\n  kind == "transfer"'))
    sent = {"purpose": purpose, "debtor": {"id": "c1", "country": country}, "device": {"lat": latitude}}
    payload = event(name, "2026-03-02T08:00:00.25Z", **sent)
    result = engine.step([payload])
    for alert in result.alerts:
        told = orjson.loads(alert.value)
        assert alert.value == orjson.dumps(told)
        assert told["event"].get("purpose") == (purpose or None)
        assert told["event"]["debtor"].get("country") == (country or None)
        assert told["event"].get("device", {}).get("lat") == latitude
        assert told["rules"][0]["contributing_event_ids"] == []
        assert told["event"]["id"] == name
        assert told["event"]["occurred_at"] == "2026-03-02T08:00:00.250Z"
    assert len(result.alerts) + len(result.dead_letters) == 1


def test_contributing_events_come_once_the_newest_first() -> None:
    """What two features of a rule counted is listed once, with ids as they were sent."""
    features = (
        "{n: {count: events, by: debtor.id, window: 7d}, m: {sum: amount_usd, by: debtor.id, window: 1d}}"
    )
    engine = engine_of(rule_file("\n  n >= 3 and m > 0", features=features))
    names = ['a"1', "b\n2", "c\\é"]
    payloads = [event(name, f"2026-03-02T08:00:0{at}Z") for at, name in enumerate(names)]
    (alert,) = alerts_of(engine, *payloads)
    assert alert["rules"][0]["contributing_event_ids"] == names[::-1]


def test_templates_are_made_anew_where_they_are_many(monkeypatch: Any) -> None:
    """Events with ever other columns do not fill the memory, and their alerts stay what they were."""
    rule = rule_file('\n  kind == "transfer"')
    few, many = engine_of(rule), engine_of(rule)
    columns: list[dict[str, Any]] = [
        {},
        {"purpose": "x"},
        {"channel": "web"},
        {"purpose": "x", "channel": "web"},
    ]
    payloads = [
        event(f"e{at}", f"2026-03-02T08:00:{at:02}Z", **columns[at % len(columns)]) for at in range(12)
    ]
    expected = [alerts_of(many, each) for each in payloads]
    monkeypatch.setattr(alert_writer, "TEMPLATES_MAX", 6)
    assert [alerts_of(few, each) for each in payloads] == expected
