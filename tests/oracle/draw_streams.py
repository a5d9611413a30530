"""Draws streams of messages: mostly in order, with ties, late, ancient, repeated and malformed ones.

In most streams everything may happen, so that what needs several steps of one entity is rare. In dense ones
all is about the same entities, at times that meet in windows, with ids that come again within a few events.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from tests.oracle import layers
from tests.oracle.domain import (
    AMOUNTS,
    APPENDED_AFTER_US,
    BEHIND_S,
    CHANNELS,
    CURRENCIES,
    DENSE_STEPS_S,
    LATITUDES,
    LEAPS_US,
    LEVELS,
    LONGITUDES,
    MCCS,
    PARTIES,
    POINTS,
    PURPOSES,
    START_US,
    STEPS_S,
)
from tests.oracle.draw_values import one_of
from tests.oracle.language import SECOND_US
from tests.oracle.messages import EPOCH

Fields = dict[str, Any]
LENGTHS = (1, 2, 4, 8, 16, 20, 24, 28, 30, 32, 36, 40)
"""Of streams; the first is the simplest."""
_REPEATED_AFTER_MAX = 6
"""By how many messages, in dense streams: about as many ids as the shortest memory holds."""
_KINDS = ("transfer", "card_payment", "login")


def _without(name: str) -> Callable[[Fields], bytes]:
    return lambda fields: _dumped({key: value for key, value in fields.items() if key != name})


def _with(**changes: Any) -> Callable[[Fields], bytes]:
    return lambda fields: _dumped({**fields, **changes})


def _dumped(fields: Fields) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode()


FAULTS: tuple[Callable[[Fields], bytes | None], ...] = (
    lambda _: None,
    lambda _: b"",
    lambda _: b"no JSON",
    lambda _: b'{"id": "\xff"}',
    lambda _: b"[1]",
    lambda _: b'{"a":' * 40 + b"1" + b"}" * 40,
    lambda fields: _dumped({**fields, "x": {"points": float("nan")}}),
    _without("id"),
    _without("kind"),
    _without("occurred_at"),
    _with(id=7),
    _with(kind="barter"),
    _with(occurred_at="2026-02-30T00:00:00Z"),
    _with(occurred_at="2026-03-01T00:00:00"),
    _with(occurred_at=True),
    _with(debtor=3),
    _with(x={"points": 1001}),
    _with(x={"points": 0.5}),
    _with(x={"level": "high"}),
    _with(purpose="x" * 1_025),
    _with(kind="transfer", amount=-1, currency="USD"),
    _with(kind="transfer", amount=1.234, currency="USD"),
    _with(kind="transfer", amount="1.5", currency="JPY"),
    _with(kind="transfer", amount="ten", currency="USD"),
    _with(kind="transfer", amount=10**14, currency="USD"),
    _with(kind="transfer", amount=True, currency="USD"),
    _with(kind="transfer", amount=1, currency=None),
    _with(kind="transfer", amount=None, currency="USD"),
    _with(kind="transfer", amount=1, currency="XXX"),
)
"""One fault each: the contract does not say which of two is told."""


@st.composite
def messages(draw: st.DrawFn, number: int, t_us: int, dense: bool) -> bytes | None:
    """Draw the message of that number and time."""
    kind = _KINDS[draw(st.sampled_from((0, 0, 0, 1, 1, 2)))]
    fields: Fields = {"id": f"e{number}", "kind": kind, "occurred_at": _written(draw, t_us)}
    if number and draw(st.integers(0, 11)) >= (9 if dense else 11):
        first = max(0, number - _REPEATED_AFTER_MAX) if dense else 0
        fields["id"] = f"e{draw(st.integers(first, number - 1))}"
    amount, currency = draw(st.sampled_from(AMOUNTS)), draw(st.sampled_from(CURRENCIES))
    if kind != "login" or draw(st.booleans()):
        # Yen have no decimals.
        whole = currency == "JPY" and amount in (9.5, 1.13, "1.13")
        fields |= {"amount": 10 if whole else amount, "currency": currency}
    parties = PARTIES[:1] if dense else PARTIES
    for party in ("debtor", "creditor", "card"):
        _put(draw, fields, party, "id", parties)
    _put(draw, fields, "merchant", "mcc", MCCS)
    _put(draw, fields, "x", "points", POINTS)
    _put(draw, fields, "x", "level", LEVELS)
    _put(draw, fields, "device", "lat", LATITUDES)
    _put(draw, fields, "device", "lon", LONGITUDES)
    _put(draw, fields, "", "channel", CHANNELS)
    _put(draw, fields, "", "purpose", PURPOSES)
    if draw(st.integers(0, 24)) == 24:
        return draw(st.sampled_from(FAULTS))(fields)
    return _dumped(fields)


def _put(draw: st.DrawFn, fields: Fields, parent: str, name: str, values: tuple[Any, ...]) -> None:
    """Put in one of some values, null, an empty text or nothing."""
    given = 5 * len(values)
    choice = draw(st.integers(0, given + 1))
    if choice == given + 1:
        return
    within = fields.setdefault(parent, {}) if parent else fields
    if choice < given:
        within[name] = values[choice % len(values)]
    else:
        within[name] = "" if isinstance(values[0], str) and name == "id" else None


def _written(draw: st.DrawFn, t_us: int) -> str | int:
    """Write a time in one of the forms that are read."""
    form = draw(st.integers(0, 5))
    if form == 0 and t_us % 1_000 == 0:
        return t_us // 1_000
    moment = EPOCH + timedelta(microseconds=t_us)
    return moment.isoformat() if form == 1 else moment.isoformat().replace("+00:00", "Z")


@st.composite
def streams(draw: st.DrawFn, dense: bool) -> list[tuple[bytes | None, int | None]]:
    """Draw a stream: messages with their append times in microseconds, None where there is none."""
    now_us = START_US
    stream = []
    for number in range(draw(st.sampled_from(LENGTHS[4:] if dense else LENGTHS))):
        now_us += draw(st.sampled_from(DENSE_STEPS_S if dense else STEPS_S)) * SECOND_US
        if not dense and layers.EVER and draw(st.integers(0, 19)) == 19:
            now_us += one_of(draw, *LEAPS_US)
        behind_us = draw(st.sampled_from(BEHIND_S)) * SECOND_US
        t_us, after_us = now_us - behind_us, draw(st.sampled_from(APPENDED_AFTER_US))
        if after_us is not None and after_us < 0:
            t_us -= after_us
        message = draw(messages(number, t_us, dense))
        stream.append((message, None if after_us is None else t_us + after_us))
    return stream
