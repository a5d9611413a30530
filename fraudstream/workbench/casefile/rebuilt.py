"""Evaluates the rules of an alert again, from nothing but the figures that the alert has kept of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from fraudstream.engine.evaluation import Evaluation, evaluation
from fraudstream.engine.judging import Judge
from fraudstream.engine.step import Settings
from fraudstream.engine.wording import Moment
from fraudstream.events.batch import EventBatch
from fraudstream.events.decode import Decoder
from fraudstream.events.interning import Interner
from fraudstream.events.money import EXPONENTS, factor
from fraudstream.events.times import parse_time
from fraudstream.rules.binding import Bound, bind
from fraudstream.rules.errors import RulesetError
from fraudstream.rules.ruleset import Ruleset
from fraudstream.rules.types import Kind, Type
from fraudstream.rules.view import View

_UNITS_US = {
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
    "w": 604_800_000_000,
}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")


class _Frame(NamedTuple):
    """The features of one event, as the windows would have given them."""

    ints: NDArray[np.int64]
    floats: NDArray[np.float64]
    known: NDArray[np.bool_]


def rebuilt(ruleset: Ruleset, settings: Settings, alert: Mapping[str, Any]) -> dict[str, Evaluation]:
    """Return the conditions of an alert's rules with their values, by the ids of those that can be told.

    What an alert does not keep is unknown in them: the outcome of a rule that it does not tell of. Durations
    and means are as exact as the alert has them. Nothing is returned where the ruleset or the event does not
    fit the columns.
    """
    try:
        bound = bind(ruleset, settings.schema, scores=True, exact_us=settings.limits.exact_us)
    except RulesetError:
        return {}
    texts = Interner()
    batch, _ = Decoder(settings.schema, texts).decode([orjson.dumps(alert["event"])])
    if not len(batch):
        return {}
    view = View(batch)
    view.features = _frame(bound, batch, alert)
    view.scores = {each["id"]: np.array([each["score"]]) for each in alert["models"]}
    vectors = Judge(bound, texts).judge(view).vectors
    moment = Moment(vectors, 0, batch.text("currency", 0), texts.text)
    told = {each["id"] for each in alert["rules"]}
    return {
        each.rule.id: evaluation(each.when, moment, each.rule.spec.features)
        for each in bound.rules
        if each.rule.id in told
    }


def _frame(bound: Bound, batch: EventBatch, alert: Mapping[str, Any]) -> _Frame:
    size = (len(bound.features), 1)
    frame = _Frame(np.zeros(size, np.int64), np.zeros(size), np.zeros(size, np.bool_))
    for index, value in _features(bound, alert):
        number = _number(value, bound.types[index], batch)
        if number is not None:
            values = frame.floats if bound.in_floats[index] else frame.ints
            values[index] = number if bound.in_floats[index] else round(number)
            frame.known[index] = True
    return frame


def _features(bound: Bound, alert: Mapping[str, Any]) -> Iterator[tuple[int, Any]]:
    """Yield the features that the alert keeps, by their place in the ruleset."""
    rules = {each.rule.id: each.rule for each in bound.rules}
    for part in alert["rules"]:
        rule = rules.get(part["id"])
        for name, spec in rule.spec.features.items() if rule else ():
            if part["evidence"].get(name) is not None:
                yield bound.features.index(spec.feature(rule.where[name])), part["evidence"][name]  # type: ignore[union-attr]


def _number(value: Any, type_: Type, batch: EventBatch) -> float | None:
    """Return a value of an alert as the engine holds it."""
    match type_.kind:
        case Kind.TEXT:
            return batch.texts[value]
        case Kind.TIME:
            return parse_time(value)
        case Kind.DURATION:
            return span_us(value)
        case Kind.MONEY:
            currency = type_.currency or batch.text("currency", 0)
            return float(value) * factor(currency) if currency in EXPONENTS else float(value)
        case _:
            return float(value)


def span_us(text: str) -> int:
    """Return the microseconds of a duration as alerts have it, such as `2d 3h`."""
    us = sum(float(number) * _UNITS_US[unit] for number, unit in _SPAN.findall(text))
    return round(-us if text.startswith("-") else us)
