"""What alerts show of personal data under each policy, wherever it stands in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest

from fraudstream.engine.alert_schema import MESSAGES
from fraudstream.engine.privacy.keyring import Keyring
from fraudstream.engine.privacy.policy import Privacy, Treatment
from fraudstream.engine.step import Engine, Settings
from fraudstream.events.schema import Column, ColumnType, Schema, Sensitivity
from fraudstream.rules.ruleset import build_ruleset
from tests.unit.rule_files import event, rule_file, rule_files, ruleset_of

KEYS = Keyring({"k1": bytes(32)}, "k1")
TOKENS = Privacy(Treatment.TOKEN, keys=KEYS)
SECRET = Column("pin", ColumnType.TEXT, sensitivity=Sensitivity.SECRET)
SCHEMA = Schema().with_columns((SECRET,))
RULE = rule_file(
    'creditor.name == "Jo Canary" and device.lat > 10 and last_name != "x" and lat_max >= device.lat '
    'and pin == "0815" and away >= 0 and distance_km(device.lat, device.lon, 0, 0) > 1 '
    'and purpose in ["rent 4111111111111111"]',
    features="{last_name: {last: creditor.name, by: debtor.id},"
    " lat_max: {max: device.lat, by: debtor.id, window: 1h},"
    " away: {count: events, by: debtor.id, window: 1h}}",
    then="{action: review, score: 10, reason_code: ANY, suppress: {by: [debtor.id], for: 1h},"
    " alerts_per_hour_max: 1}",
    cases="[]",
)
PERSONAL = ("c-canary", "Jo Canary", "a-canary", "48.137", "11.575", "rent", "0815", "4111111111111111")


def payment(number: int, **fields: Any) -> bytes:
    """Return a payment that the rule hits from the second on, with something personal in every place."""
    person = {"id": "c-canary", "account": "a-canary", "name": "Ann Canary"}
    given = {
        "debtor": person,
        "creditor": {"name": "Jo Canary"},
        "device": {"lat": 48.137, "lon": 11.575},
        "purpose": "rent 4111111111111111",
        "pin": "0815",
    }
    return event(f"e{number}", f"2026-03-02T08:00:0{number}Z", **{**given, **fields})


def alerts(privacy: Privacy, *messages: bytes) -> list[Any]:
    """Return the alerts of some payments under a policy."""
    settings = Settings(schema=SCHEMA, privacy=privacy)
    return Engine(ruleset_of(RULE), settings).step(messages).alerts


def told(privacy: Privacy) -> Mapping[str, Any]:
    """Return the one alert of two payments."""
    (alert,) = alerts(privacy, payment(1), payment(2))
    MESSAGES.validate_json(alert.value)
    return {"key": alert.key.decode(), **orjson.loads(alert.value)}


def test_tokens_stand_wherever_the_values_would() -> None:
    """In the event, the key, the reason and the evidence; what only counts or measures is shown."""
    alert = told(TOKENS)
    name, lat, purpose = KEYS.token("Jo Canary"), KEYS.token("48.137"), KEYS.token("rent 4111111111111111")
    assert alert["key"] == KEYS.token("c-canary")
    assert alert["event"]["debtor"] == {
        "id": KEYS.token("c-canary"),
        "account": KEYS.token("a-canary"),
        "name": KEYS.token("Ann Canary"),
    }
    assert alert["event"]["device"] == {"lat": lat, "lon": KEYS.token("11.575")}
    (rule,) = alert["rules"]
    assert rule["reason"].split("; ") == [
        f"creditor.name is {name}",
        f"device.lat {lat} > 10",
        'last_name != "x"',
        f"lat_max {lat} >= device.lat {lat}",
        "pin is (withheld)",
        "away 2 >= 0",
        "distance_km(device.lat, device.lon, 0, 0) 5,467.7746 > 1",
        f"purpose is {purpose}",
    ]
    assert rule["evidence"] == {
        "creditor.name": name,
        "device.lat": lat,
        "last_name": name,
        "lat_max": lat,
        "pin": "(withheld)",
        "away": 2,
        "device.lon": KEYS.token("11.575"),
        "purpose": purpose,
    }


@pytest.mark.parametrize(
    "privacy",
    [TOKENS, Privacy(Treatment.ENCRYPT, keys=KEYS), Privacy(Treatment.WITHHOLD), Privacy(Treatment.TOKEN)],
)
def test_nothing_personal_is_in_the_bytes(privacy: Privacy) -> None:
    """Neither in alerts nor in the summary of an hour; without keys what needs them is withheld."""
    later = event("late", "2026-03-02T10:00:00Z")
    fields = {"debtor": {"id": "d-canary", "name": "Ann Canary"}}
    found = alerts(privacy, payment(1), payment(2), *(payment(each, **fields) for each in (3, 4)), later)
    assert [each.kind for each in found] == ["event", "overflow"]
    for alert in found:
        MESSAGES.validate_json(alert.value)
        shown = alert.key + alert.value
        # The conditions of a rule are its author's, and stand in its reason as they are.
        shown = shown.replace(b"rent 4111111111111111", b"").replace(b'\\"0815\\"', b"")
        assert not [each for each in (*PERSONAL, "d-canary") if each.encode() in shown]


def test_what_is_encrypted_opens_to_the_alert_in_clear() -> None:
    """But for what is secret, and card numbers."""
    sealed = alerts(Privacy(Treatment.ENCRYPT, keys=KEYS), payment(1), payment(2))[0].value.decode()
    clear = alerts(Privacy(), payment(1), payment(2))[0].value.decode()
    opened = orjson.loads(KEYS.revealed(sealed, {}))
    shown = orjson.loads(clear)
    assert opened["event"]["debtor"] == shown["event"]["debtor"]
    assert opened["event"]["purpose"] == "rent 4111111111111111"
    assert shown["event"]["purpose"] == "rent 411111******1111"
    assert shown["rules"][0]["evidence"]["purpose"] == "rent 411111******1111"
    assert "pin" not in shown["event"]
    assert shown["rules"][0]["evidence"]["pin"] == "(withheld)"


def test_the_strictest_treatment_holds_where_columns_meet() -> None:
    """An expression over two columns shows what both allow."""
    privacy = replace(TOKENS, columns={"device.lat": Treatment.CLEAR, "device.lon": Treatment.WITHHOLD})
    rule = rule_file("device.lat + device.lon > 1 and device.lat > 1", cases="[]")
    engine = Engine(ruleset_of(rule), Settings(privacy=privacy))
    (alert,) = engine.step([event("e", device={"lat": 48.137, "lon": 11.575})]).alerts
    content = orjson.loads(alert.value)
    assert content["rules"][0]["reason"] == "device.lat + device.lon (withheld) > 1; device.lat 48.137 > 1"
    assert content["event"]["device"] == {"lat": 48.137}


def test_alerts_do_not_depend_on_batches() -> None:
    """One event at a time gives the bytes of all at once, also where texts have come and gone."""
    messages = [payment(each, debtor={"id": f"c{each}", "name": f"N{each}"}) for each in range(1, 9)]
    messages = [message for each in messages for message in (each, each.replace(b'"e', b'"f'))]
    rule = rule_file('amount_usd >= 0 and debtor.name != "x"', cases="[]")

    def bytes_of(parts: list[list[bytes]]) -> list[tuple[bytes, bytes]]:
        engine = Engine(ruleset_of(rule), Settings(schema=SCHEMA, privacy=TOKENS))
        return [(each.key, each.value) for part in parts for each in engine.step(part).alerts]

    assert bytes_of([messages]) == bytes_of([[each] for each in messages])
    assert len(bytes_of([messages])) == len(messages)


def test_an_alert_id_tells_nothing_personal() -> None:
    """It is made of the ids of event and rules and the ruleset's version, whoever the event is about."""
    (one,) = alerts(TOKENS, payment(1), payment(2))
    other = {"debtor": {"id": "c9", "name": "Someone Else"}}
    (two,) = alerts(TOKENS, payment(1, **other), payment(2, **other))
    assert one.alert_id == two.alert_id


def test_a_model_s_reasons_hide_positions() -> None:
    """The value of an input that reads a personal number is left out, and so is what is usual of it."""
    model = b"""schema: fraudstream.model/v1
id: odd
title: Places
features: {where: {expr: device.lat, missing: 0, usual: {value: device.lat, low: 1 - 2, high: 1 + 2}}}
estimator: {kind: loda}
warm_up: 50
seed: 1
"""
    rule = rule_file('device.lat > 70 and score("odd") >= 0', cases="[]")
    engine = Engine(build_ruleset(rule_files(rule, **{"models/odd.yml": model})), Settings(privacy=TOKENS))
    engine.step([event(f"e{each}", device={"lat": each % 7, "lon": 0}) for each in range(300)])
    (alert,) = engine.step([event("x", device={"lat": 77.123, "lon": 0})]).alerts
    (contribution,) = orjson.loads(alert.value)["models"][0]["contributions"]
    assert (contribution["value"], contribution["usual"]["value"]) == (None, KEYS.token("77.123"))
    assert b"77.123" not in alert.value
