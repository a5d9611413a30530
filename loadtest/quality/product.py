"""The handbook's payments through the product itself: rule directory, engine, and labels that come late."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from fraudstream.engine.awaiting import Wait
from fraudstream.engine.step import Engine, Settings
from fraudstream.features.catalogue import DAY_US
from fraudstream.stores.rule_directory import load_ruleset
from loadtest.quality.data import Payments
from loadtest.quality.prequential import STEP_US

RULES = Path(__file__).with_name("handbook_rules")


def product_scores(payments: Payments, delay_us: int, rules: Path = RULES) -> dict[str, NDArray[np.float64]]:
    """Return the score [n] that each model of a rule directory gives every payment, NaN while it warms up.

    What a payment was becomes known `delay_us` after it, at the full hour.
    """
    engine = Engine(load_ruleset(rules), Settings(labels=Wait(4 * delay_us + DAY_US)))
    events = _messages(payments)
    models = [model.spec.id for model in engine.ruleset.models]
    scores = {model: np.full(len(payments.time_us), np.nan) for model in models}
    starts = np.arange(0, int(payments.time_us[-1]) + STEP_US, STEP_US)
    known = np.searchsorted(payments.time_us, starts - delay_us, side="right")
    there = np.searchsorted(payments.time_us, starts + STEP_US)
    told = seen = 0
    for known_now, seen_now in zip(known.tolist(), there.tolist(), strict=True):
        engine.learn([_label(each, payments.fraud[each]) for each in range(told, known_now)])
        result = engine.step([next(events) for _ in range(seen, seen_now)])
        for model, given in result.model_scores.items():
            # A model that has begun to score scores every event.
            scores[model][seen_now - len(given) : seen_now] = given
        told, seen = known_now, seen_now
    return scores


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


def _label(number: int, fraud: np.bool_) -> bytes:
    what = "fraud" if fraud else "genuine"
    return b'{"schema":"fraudstream.label/v1","event_id":"p%d","label":"%b"}' % (number, what.encode())
