"""From bytes to columns: values of every type, and the words of every refusal."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pytest

from fraudstream.events.batch import EventBatch, Ids
from fraudstream.events.decode import Decoder
from fraudstream.events.interning import Interner
from fraudstream.events.schema import Column, ColumnType, Limits, Schema

WIDER = Schema().with_columns(
    (
        Column("shop.floors", ColumnType.INTEGER, minimum=0),
        Column("shop.size", ColumnType.TEXT, choices=frozenset({"small", "large"})),
        Column("region", ColumnType.TEXT, required=True),
    )
)
SMALL = Schema(limits=Limits(message_bytes_max=300, depth_max=3, text_chars_max=20, amount_minor_max=10_000))


def message(**fields: Any) -> bytes:
    """Return a valid transfer with some fields put in."""
    event = {"id": "e", "kind": "transfer", "occurred_at": 1_772_452_800_000, "amount": 1, "currency": "USD"}
    return orjson.dumps({**event, **fields})


def decoded(*messages: bytes | None, schema: Schema | None = None) -> EventBatch:
    """Return messages as columns; none may be refused."""
    batch, dead = Decoder(schema or Schema(), Interner()).decode(messages)
    assert not dead
    return batch


def refusal(value: bytes | None, schema: Schema | None = None) -> tuple[str, str, str]:
    """Return reason, stage and detail of the one dead letter of a message."""
    batch, (letter,) = Decoder(schema or Schema(), Interner()).decode([value])
    assert not len(batch)
    return letter.reason, letter.stage, letter.detail


def test_nested_objects_become_columns() -> None:
    """Dotted names are the paths of the message; what an event lacks is missing."""
    batch = decoded(
        message(debtor={"id": "c1"}, device={"lat": 40.5, "lon": None}), message(card={"id": "k"})
    )
    assert batch.words("debtor.id") == ["c1", None]
    assert batch.words("card.id") == [None, "k"]
    assert batch.number("device.lat").values[0] == 40.5
    assert batch.number("device.lat").present.tolist() == [True, False]
    assert batch.words("creditor.id") == [None, None]


def test_rows_lead_back_to_the_messages() -> None:
    """Between refused messages the valid ones keep their place."""
    batch, dead = Decoder(Schema(), Interner()).decode([b"x", message(), None, message(id="f")])
    assert batch.row.tolist() == [1, 3]
    assert [letter.row for letter in dead] == [0, 2]


def test_times_are_text_or_epoch_milliseconds() -> None:
    """Both give the same microseconds."""
    texts = ["2026-03-02T12:00:00Z", "2026-03-02T13:00:00+01:00", 1_772_452_800_000]
    batch = decoded(*(message(occurred_at=text) for text in texts))
    assert set(batch.time_us.tolist()) == {1_772_452_800_000_000}


def test_amounts_are_in_minor_units_of_their_own_currency() -> None:
    """Numbers and decimal text, with as many decimals as the currency has."""
    batch = decoded(
        message(amount=42.5), message(amount="42.50"), message(amount=42, currency="JPY"), message(amount="0")
    )
    assert batch.number("amount").values.tolist() == [4_250, 4_250, 42, 0]


def test_a_login_needs_no_amount() -> None:
    """Events that move no money carry none."""
    batch = decoded(orjson.dumps({"id": "e", "kind": "login", "occurred_at": 0}))
    assert batch.number("amount").present.tolist() == [False]


def test_a_deployment_s_own_columns_are_read_like_the_others() -> None:
    """Integers, choices and required texts."""
    batch = decoded(message(region="north", shop={"floors": 3, "size": "small"}), schema=WIDER)
    assert batch.number("shop.floors").values.tolist() == [3]
    assert batch.words("shop.size") == ["small"]


REFUSALS: dict[str, tuple[bytes | None, tuple[str, str, str]]] = {
    "tombstone": (
        None,
        (
            "tombstone",
            "decode",
            "the message has no value: send the event itself, deletions mean nothing here",
        ),
    ),
    "a number": (b"5", ("not_an_object", "decode", "the JSON is a number: send one object per message")),
    "NaN": (
        b'{"amount":NaN}',
        (
            "not_json",
            "decode",
            "NaN and Infinity are no JSON numbers: leave the field out where there is no number",
        ),
    ),
    "half a message": (
        b'{"id":',
        ("not_json", "decode", "unexpected end of data, at character 6: send one JSON object per message"),
    ),
    "latin-1": (
        b'{"id":"M\xfcller"}',
        ("invalid_utf8", "decode", "byte 8 is not UTF-8: encode the message as UTF-8"),
    ),
    "no id": (message(id=""), ("missing_field", "validate", "id: the field is required and has no value")),
    "no amount": (
        message(amount=None),
        ("missing_field", "validate", "amount: the field is required and has no value"),
    ),
    "object as text": (
        message(status={"a": 1}),
        ("wrong_type", "validate", "status: must be text, not {'a': 1}"),
    ),
    "text as object": (message(debtor="c1"), ("wrong_type", "validate", "debtor: must be an object")),
    "text as number": (
        message(device={"lat": "40"}),
        ("wrong_type", "validate", "device.lat: must be a number, not '40'"),
    ),
    "unknown status": (
        message(status="ok"),
        (
            "unknown_status",
            "validate",
            "status: 'ok' is unknown; known are approved, declined, failed, reversed",
        ),
    ),
    "small letters": (
        message(currency="usd"),
        ("unknown_currency", "validate", "currency: 'usd' is unknown; use an ISO 4217 code in capitals"),
    ),
    "decimals of yen": (
        message(amount=1.5, currency="JPY"),
        ("bad_amount", "validate", "amount: 1.5 has more than the 0 decimals of JPY"),
    ),
    "no decimal text": (
        message(amount="1,000"),
        ("bad_amount", "validate", "amount: '1,000' is no decimal number that USD can hold"),
    ),
    "negative": (
        message(amount="-5"),
        ("negative_amount", "validate", "amount: '-5' is negative: send its size"),
    ),
    "absurd": (
        message(amount=1e14),
        ("absurd_amount", "validate", "amount: 100000000000000.0 exceeds 1000000000000000 minor units"),
    ),
    "longitude": (
        message(device={"lon": -180.5}),
        ("out_of_bounds", "validate", "device.lon: -180.5 lies outside -180 to 180"),
    ),
    "seconds since 1970": (
        message(occurred_at=1_772_452_800.5),
        (
            "bad_time",
            "validate",
            "occurred_at: 1772452800.5 is neither ISO 8601 text nor epoch milliseconds within 1970 to 2199",
        ),
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_says_what_is_wrong_and_what_to_do(name: str) -> None:
    """Reason, stage and detail of a dead letter, word for word."""
    value, why = REFUSALS[name]
    assert refusal(value) == why


QUIET = Schema(limits=Limits(quote_chars_max=0))
CANARY = "Jo Canary"


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (message(kind=CANARY), "kind: a text of 9 characters is unknown; known are "),
        (message(currency=CANARY), "currency: a text of 9 characters is unknown; use an ISO 4217 code"),
        (message(status=[CANARY]), "status: must be text, not an array"),
        (message(occurred_at=CANARY), "occurred_at: a text of 9 characters that is no ISO 8601 time"),
        (
            message(occurred_at="2026-03-02T08:00:00"),
            "a text of 19 characters that is no ISO 8601",
        ),
        (message(occurred_at={CANARY: 1}), "occurred_at: an object that is no ISO 8601 time"),
        (
            message(occurred_at="2200-01-01T00:00:00Z"),
            "a text of 20 characters lies outside 1970",
        ),
        (message(amount=CANARY), "amount: a text of 9 characters is no decimal number"),
        (message(amount=True), "amount: must be a number, not a boolean"),
        (message(amount=-481), "amount: a number is negative"),
        (message(amount="0.0481"), "amount: a text of 6 characters is no decimal number that USD can hold"),
        (message(amount=0.0481), "amount: a number has more than the 2 decimals of USD"),
        (message(amount=4.81e20), "amount: a number exceeds "),
        (message(device={"lat": 481}), "device.lat: a number lies outside -90 to 90"),
        (message(device={"lat": CANARY}), "device.lat: must be a number, not a text of 9 characters"),
        (message(purpose={"x": CANARY}), "purpose: must be text, not an object"),
        (CANARY.encode(), "at character "),
        (b'"' + CANARY.encode() + b'"', "the JSON is a string"),
    ],
)
def test_a_refusal_need_not_repeat_what_was_sent(value: bytes, detail: str) -> None:
    """Where personal data must not leave a detail says what is wrong without the value."""
    reason, stage, words = refusal(value, QUIET)
    assert detail in words
    assert not [each for each in (CANARY, "481", "2026-", "2200-01") if each in words]
    assert (reason, stage) == refusal(value)[:2]


def test_card_numbers_in_refusals_are_masked() -> None:
    """Whatever may be quoted."""
    number = "4111 1111 1111 1111"
    assert "'4111 11** **** 1111' is unknown" in refusal(message(kind=number))[2]
    assert "'4111 11** **** 1111' is no ISO 8601" in refusal(message(occurred_at=number))[2]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (message(purpose="x" * 300), "too_large"),
        (message(purpose="x" * 21), "text_too_long"),
        (message(a={"b": {"c": {"d": 1}}}), "too_deep"),
        (message(amount=100.01), "absurd_amount"),
    ],
)
def test_limits_are_the_schema_s(value: bytes, reason: str) -> None:
    """A deployment's smaller limits refuse what the usual ones take."""
    assert refusal(value, SMALL)[0] == reason
    assert Decoder(Schema(), Interner()).decode([value])[1] == []


def test_what_lies_exactly_at_a_limit_is_taken() -> None:
    """Limits are inclusive."""
    at_limit = message(purpose="x" * 20, amount=100, a={"b": {"c": 1}})
    assert len(at_limit) <= 300
    decoded(at_limit, schema=SMALL)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "missing_field"),
        ({"region": "north", "shop": {"floors": 1.5}}, "wrong_type"),
        ({"region": "north", "shop": {"floors": -1}}, "out_of_bounds"),
        ({"region": "north", "shop": {"size": "medium"}}, "unknown_shop.size"),
    ],
)
def test_a_deployment_s_own_columns_are_checked_like_the_others(fields: dict[str, Any], reason: str) -> None:
    """Their requirements, types, bounds and choices hold."""
    assert refusal(message(**fields), WIDER)[0] == reason


def test_a_column_is_declared_once() -> None:
    """A second column of the same name is refused."""
    with pytest.raises(ValueError, match="column 'kind' is declared twice: choose another name"):
        Schema().with_columns((Column("kind", ColumnType.TEXT),))


def test_a_text_is_seen_at_the_time_of_its_event() -> None:
    """Whichever way a message is read, its texts stay known for the windows that reach back to it."""
    texts = Interner()
    decoder = Decoder(Schema(), texts)
    decoder.decode(
        [message(occurred_at=1_000, purpose="usual"), message(occurred_at=2_000, purpose='"quoted"')]
    )
    words = len(texts) - 2
    assert texts.release(1_000_000) == 0
    assert (texts.release(1_000_001), len(texts)) == (1, words + 1)
    assert (texts.release(2_000_001), len(texts)) == (1, words)


def test_ids_are_taken_and_joined() -> None:
    """Ids keep their texts, empty ones too, in any order and end to end."""
    ids = Ids.of(["a", "", "Zoë", "b" * 20])
    taken = ids.take(np.array([3, 1, 2, 2]))
    assert taken.all() == ["b" * 20, "", "Zoë", "Zoë"]
    assert taken.followed_by(ids).all() == [*taken.all(), *ids.all()]
    assert Ids.of([]).followed_by(ids).take(np.array([0])).all() == ["a"]


@pytest.mark.parametrize("amount", [900_000_000_000_000, 1e18, "900000000000000"])
def test_an_amount_that_no_int64_holds_is_absurd(amount: float | str) -> None:
    """In a currency with four decimals its minor units exceed 2**63."""
    assert refusal(message(amount=amount, currency="CLF"))[0] == "absurd_amount"
