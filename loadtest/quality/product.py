"""The handbook's payments through the product itself: rule directory, engine, and labels that come late."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import orjson

from fraudstream.engine.awaiting import Wait
from fraudstream.engine.step import Settings
from fraudstream.features.catalogue import DAY_US
from fraudstream.stores.rule_directory import load_ruleset
from loadtest.quality.data import Payments
from loadtest.quality.passes import Said, Turn, run
from loadtest.quality.prequential import STEP_US

RULES = Path(__file__).with_name("handbook_rules")


def judged(payments: Payments, delay_us: int, rules: Path = RULES) -> Said:
    """Return what the rules and models of a rule directory say of every payment.

    What a payment was becomes known `delay_us` after it, at the full hour.
    """
    settings = Settings(labels=Wait(4 * delay_us + DAY_US))
    return run(load_ruleset(rules), settings, len(payments.time_us), _turns(payments, delay_us))


def _turns(payments: Payments, delay_us: int) -> Iterator[Turn]:
    messages = _messages(payments)
    starts = np.arange(0, int(payments.time_us[-1]) + STEP_US, STEP_US)
    known = np.searchsorted(payments.time_us, starts - delay_us, side="right")
    there = np.searchsorted(payments.time_us, starts + STEP_US)
    told = seen = 0
    for known_now, seen_now in zip(known.tolist(), there.tolist(), strict=True):
        labels = [label(f"p{each}", payments.fraud[each]) for each in range(told, known_now)]
        yield labels, [*islice(messages, seen_now - seen)]
        told, seen = known_now, seen_now


def _messages(payments: Payments) -> Iterator[bytes]:
    times = np.datetime_as_string(payments.first_day + payments.time_us.astype("timedelta64[us]"), unit="s")
    columns = zip(
        times.tolist(),
        payments.card.tolist(),
        payments.terminal.tolist(),
        payments.amount.tolist(),
        strict=True,
    )
    for number, (time, card, terminal, amount_minor) in enumerate(columns):
        yield orjson.dumps(
            {
                "id": f"p{number}",
                "kind": "card_payment",
                "occurred_at": f"{time}Z",
                "amount": amount_minor / 100,
                "currency": "EUR",
                "card": {"id": f"c{card}"},
                "merchant": {"id": f"t{terminal}"},
            }
        )


def label(event: str, fraud: bool | np.bool_) -> bytes:
    """Return the message that says what an event was."""
    what = "fraud" if fraud else "genuine"
    return orjson.dumps({"schema": "fraudstream.label/v1", "event_id": event, "label": what})
