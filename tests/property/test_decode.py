"""The kernel and the document decoder: the two together give what the second gives alone."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from fraudstream.events.appends import Appends
from fraudstream.events.batch import EventBatch
from fraudstream.events.decode import Decoder
from fraudstream.events.documents import DocumentDecoder
from fraudstream.events.interning import Interner
from fraudstream.events.mapping import FieldMap
from fraudstream.events.money import EXPONENTS
from fraudstream.events.schema import Column, ColumnType, Limits, Schema
from loadtest.traffic import generate

WIDER = Schema().with_columns(
    (
        Column("shop.floors", ColumnType.INTEGER, minimum=-3),
        Column("shop.size", ColumnType.TEXT, choices=frozenset({"small", "größer"})),
        Column("shop.height", ColumnType.NUMBER),
    )
)
SMALL = Schema(
    WIDER.columns,
    Limits(message_bytes_max=420, depth_max=4, text_chars_max=12, amount_minor_max=10**6),
)
MAPS: tuple[FieldMap | None, ...] = (
    None,
    TypeAdapter(FieldMap).validate_python(
        {
            "id": "id",
            "kind": {"from": "kind", "values": {"transfer": "refund", "login": "", "x": "barter"}},
            "occurred_at": {"from": "occurred_at", "zone": "UTC"},
            "amount": "amount",
            "currency": {"const": "JPY"},
            "status": {"from": "status", "values": {"approved": "declined"}, "other": "failed"},
            "channel": {"const": "pos"},
            "debtor.id": "debtor.id",
            "card.id": "debtor.id",
            "debtor.name": "debtor",
            "merchant.id": {"from": "shop.size", "values": {"small": "s", "": "empty"}, "other": ""},
            "device.lat": "device.lat",
            "purpose": {"const": ""},
        }
    ),
    TypeAdapter(FieldMap).validate_python(
        {"id": {"join": ["kind", "id"]}, "kind": "kind", "occurred_at": "occurred_at", "amount": "amount"}
    ),
)
VALID: dict[str, Any] = {
    "id": "e1",
    "kind": "transfer",
    "occurred_at": "2026-03-02T08:15:30.123Z",
    "amount": 42.5,
    "currency": "USD",
    "status": "approved",
    "channel": "pos",
    "debtor": {"id": "c1", "account": "a1", "country": "US", "name": "Zoë 李"},
    "creditor": {"id": "c2", "account": "a2"},
    "device": {"id": "d1", "ip": "198.51.100.7", "lat": 40.7, "lon": -74.0},
    "shop": {"floors": 3, "size": "größer", "height": 12.25},
    "purpose": "rent",
    "extra": [1, {"debtor": {"id": "no"}}, [], {}, "\\", True],
}
PATHS = (
    *("id", "kind", "occurred_at", "amount", "currency", "status", "channel", "debtor", "debtor.id"),
    *("debtor.name", "device", "device.lat", "device.lon", "shop.floors", "shop.size", "shop.height"),
    *("purpose", "extra"),
)
decimals = st.decimals(allow_nan=False, allow_infinity=False, places=4).map(str) | st.from_regex(
    r"\A-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,24})?([eE][+-]?[0-9]{1,2})?\Z"
)
times = st.datetimes().map(str) | st.from_regex(
    r"\A(19[67]|20[0-9]|219|220)[0-9]-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{0,7})?"
    r"(Z|[+-][0-2][0-9]:[0-6][0-9]|)\Z"
)
words = st.sampled_from(
    ["approved", "pos", "USD", "JPY", "CLF", "KWD", "login", "transfer", "", "small", "x"]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.integers(0, 8 * 10**12)
    | st.floats()
    | st.floats(-200, 200)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | decimals
    | times
    | words
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
raw_numbers = decimals.map(str.encode)


def put(event: dict[str, Any], path: str, value: Any) -> None:
    """Set a value at a path, unless what leads there is no object any more."""
    parent, _, name = path.rpartition(".")
    target = event.get(parent) if parent else event
    if isinstance(target, dict):
        target[name] = value


@st.composite
def events(draw: st.DrawFn) -> bytes:
    """Draw a valid event with some fields replaced, written in one of several ways."""
    event = copy.deepcopy(VALID)
    if draw(st.booleans()):
        event["extra"] = None
    for _ in range(draw(st.integers(0, 3))):
        put(event, draw(st.sampled_from(PATHS)), draw(anything))
    option = draw(st.sampled_from([0, orjson.OPT_INDENT_2, orjson.OPT_APPEND_NEWLINE]))
    try:
        written = orjson.dumps(event, option=option)
    except TypeError:
        written = orjson.dumps(VALID)
    for path in draw(
        st.sets(st.sampled_from(["amount", "lat", "floors", "height", "occurred_at"]), max_size=2)
    ):
        known = f'"{path}":'.encode()
        # The number as it is drawn, with digits that no writer of doubles would give.
        start = written.find(known) + len(known)
        stop = min((at for at in (written.find(b",", start), written.find(b"}", start)) if at > 0), default=0)
        if start >= len(known) and stop:
            written = written[:start] + draw(raw_numbers) + written[stop:]
    return written


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Draw an event with bytes taken out, put in or changed."""
    written = bytearray(draw(events()))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(written) - 1)))
        length = draw(st.integers(0, 3))
        piece = draw(
            st.binary(max_size=3)
            | st.sampled_from([b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\0", b"\xed\xa0\x80", b"0"])
            | st.sampled_from(
                [b'"id":"e2",', b'"debtor":{},', b"\\u0041", b"\xc3\xa9", b"\xf0\x9f\x98\x80", b" "]
            )
        )
        written[at : at + length] = piece
    return bytes(written)


messages = (
    st.none()
    | st.binary(max_size=30)
    | events()
    | damaged()
    | anything.map(lambda each: repr(each).encode("utf-8", "replace"))
)


def content(batch: EventBatch) -> list[Any]:
    """Return all that a batch says, with texts for codes."""
    said: list[Any] = [batch.row.tolist(), batch.time_us.tolist(), batch.ids.all()]
    said += [batch.words(name) for name in batch.schema.texts]
    for name in (*batch.schema.wholes, *batch.schema.reals):
        numbers = batch.number(name)
        known = numbers.values[numbers.present]
        said.append((name, numbers.present.tolist(), known.dtype, known.tobytes()))
    return said


def assert_agreed(
    decoder: Decoder,
    documents: DocumentDecoder,
    values: Sequence[bytes | None],
    appends: Appends | None = None,
) -> None:
    """Decode in both ways and compare."""
    batch, dead = decoder.decode(values, appends)
    expected, expected_dead = documents.decode(values, appends)
    assert dead == expected_dead
    assert content(batch) == content(expected)


@pytest.mark.parametrize("schema", [WIDER, SMALL], ids=["wider", "small"])
@pytest.mark.parametrize("mapping", MAPS, ids=["no map", "words", "joined"])
def test_both_decoders_agree_on_any_messages(schema: Schema, mapping: FieldMap | None) -> None:
    """On thousands of valid, unusual and damaged messages: the same events, values, refusals and words."""
    texts = Interner()
    decoder, documents = Decoder(schema, texts, mapping), DocumentDecoder(schema, Interner(), mapping)

    @settings(max_examples=400, deadline=None)
    @given(st.lists(messages, max_size=8))
    def check(values: list[bytes | None]) -> None:
        assert_agreed(decoder, documents, values)

    check()


def test_both_decoders_agree_on_a_stream() -> None:
    """On ordinary traffic, repeated and malformed deliveries among it."""
    payloads = generate(5_000, 3, duplicate_share=0.02, malformed_share=0.02).payloads
    decoder, documents = Decoder(Schema(), Interner()), DocumentDecoder(Schema(), Interner())
    for start in range(0, len(payloads), 500):
        assert_agreed(decoder, documents, payloads[start : start + 500])


def test_both_decoders_agree_on_clocks_that_are_ahead() -> None:
    """Of ordinary traffic they refuse the same half, in the same words."""
    payloads = generate(1_000, 3).payloads
    decoder, documents = Decoder(Schema(), Interner()), DocumentDecoder(Schema(), Interner())
    half_us = int(np.median(documents.decode(payloads)[0].time_us))
    appends = Appends(np.full(len(payloads), half_us - 5), ahead_us=5)
    assert_agreed(decoder, documents, payloads, appends)
    assert 400 < len(decoder.decode(payloads, appends)[1]) < 600


@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD", "CLF"])
def test_both_decoders_agree_on_amounts_of_every_size(currency: str) -> None:
    """Amounts of every number of digits, with decimals up to one more than the currency has."""
    rng = np.random.default_rng(5)
    values = []
    for digits in range(1, 17):
        for scale in range(EXPONENTS[currency] + 2):
            minor = int(rng.integers(10 ** (digits - 1), 10**digits))
            written = f"{minor // 10**scale}.{minor % 10**scale:0{scale}d}" if scale else str(minor)
            for amount in (written, f'"{written}"'):
                rest = f'"occurred_at":0,"amount":{amount},"currency":"{currency}"'
                values.append(f'{{"id":"e","kind":"refund",{rest}}}'.encode())
    assert_agreed(Decoder(Schema(), Interner()), DocumentDecoder(Schema(), Interner()), values)


def test_the_kernel_takes_the_usual_messages_itself() -> None:
    """All of an ordinary stream, so that the comparison is not one of the document decoder with itself."""
    payloads = generate(1_000, 3, malformed_share=0.0).payloads
    decoder = Decoder(Schema(), Interner())
    assert decoder._read(payloads).taken.all()
    assert not decoder._read([b"{}", None, b'{"id":"\\n"}']).taken.any()


def test_codes_are_looked_up_anew_after_a_restore() -> None:
    """A decoder writes the codes of the words that its interner has after a restore."""
    first, second = Interner(), Interner()
    second.codes([f"text {number}" for number in range(50)])
    decoder = Decoder(Schema(), first)
    value = orjson.dumps(VALID)
    decoder.decode([value])
    first.restore(second.snapshot())
    batch, _ = decoder.decode([value])
    assert (batch.text("kind", 0), batch.text("debtor.name", 0)) == ("transfer", "Zoë 李")


def test_many_new_texts_in_one_batch_find_room() -> None:
    """The kernel stops where its arrays are full and goes on in larger ones."""
    values = [
        orjson.dumps({**VALID, "debtor": {"id": f"c{number}", "name": "n" * 900 + str(number)}})
        for number in range(3_000)
    ]
    batch, dead = Decoder(Schema(), Interner()).decode(values)
    assert not dead
    assert batch.words("debtor.id") == [f"c{number}" for number in range(3_000)]
    assert batch.text("debtor.name", 2_999) == "n" * 900 + "2999"
