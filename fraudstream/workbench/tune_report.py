"""What a sweep found as plain data, schema `fraudstream.tune/v1`, and as the list that a reviewer judges."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, TextIO

from fraudstream.workbench.below import Band, Drawn
from fraudstream.workbench.sweep import Week
from fraudstream.workbench.tune import Sampling, Tuning, precision, recall, value_recall

TUNE_SCHEMA = "fraudstream.tune/v1"
_EPOCH = date(1970, 1, 1)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is run by a spreadsheet."""


def notes(tuning: Tuning) -> Iterator[str]:
    """Yield what a reader must know of the figures."""
    yield "alerts a day are hits a day before suppression and alert budgets, so fewer may be told"
    total = tuning.total
    if total.frauds and not total.genuine:
        yield "no label calls an event genuine, so precision is not known: try --others-genuine"
    if total.genuine and not total.frauds:
        yield "no label calls an event fraud, so recall is not known"


def tuning_json(tuning: Tuning, alerts_a_day_max: float | None = None) -> dict[str, Any]:
    """Return a sweep as plain data; a suggestion stands there where a budget is given."""
    spec, found = tuning.rule.spec, tuning.thresholds
    suggested = None if alerts_a_day_max is None else tuning.suggested(alerts_a_day_max)
    return {
        "schema": TUNE_SCHEMA,
        "rule": {"id": spec.id, "version": spec.version, "title": spec.title, "status": spec.status},
        "param": {"name": found.param, "unit": found.unit, "current": found.values[found.current].text},
        "entity": tuning.entity,
        "events": tuning.total.events,
        "days": tuning.days,
        "labels": {"fraud": tuning.total.frauds, "genuine": tuning.total.genuine},
        "taught": tuning.taught._asdict(),
        "values": [value_json(tuning, value) for value in range(len(found.values))],
        "alerts_a_day_max": alerts_a_day_max,
        "suggested": None if suggested is None else found.values[suggested].text,
        "weeks": [week_json(monday, week, tuning, suggested) for monday, week in tuning.sweep.in_order()],
        "below": [_band_json(band, tuning) for band in tuning.bands],
        "notes": list(notes(tuning)),
    }


def value_json(tuning: Tuning, value: int) -> dict[str, Any]:
    """Return the figures of one value over all weeks."""
    total = tuning.total
    return {
        "value": tuning.thresholds.values[value].text,
        "hits": int(total.hits[value]),
        "entities": tuning.entities[value],
        "alerts_a_day": tuning.alerts_a_day(value),
        "frauds_hit": int(total.frauds_hit[value]),
        "genuine_hit": int(total.genuine_hit[value]),
        "precision": precision(total, value),
        "recall": recall(total, value),
        "value_recall": value_recall(total, value),
    }


def week_json(monday: int, week: Week, tuning: Tuning, suggested: int | None) -> dict[str, Any]:
    """Return a week's figures at the current and at the suggested value."""
    return {
        "from": monday_text(monday),
        "events": week.events,
        "current": _of_week(week, tuning.thresholds.current),
        "suggested": None if suggested is None else _of_week(week, suggested),
    }


def _of_week(week: Week, value: int) -> dict[str, Any]:
    return {
        "hits": int(week.hits[value]),
        "precision": precision(week, value),
        "recall": recall(week, value),
    }


def monday_text(monday: int) -> str:
    """Write the day on which a week begins, given in days since 1970."""
    return (_EPOCH + timedelta(days=monday)).isoformat()


def _band_json(band: Band, tuning: Tuning) -> dict[str, Any]:
    value = tuning.thresholds.values[band.value].text
    return {"value": value, "events": band.events, "drawn": len(band.drawn)}


def write_below(file: TextIO, tuning: Tuning, sampling: Sampling) -> int:
    """Write the events to be judged below the line as CSV, with an empty column for labels; return how many.

    `hits_at` is the value nearest to the current one at which the event hits, `band_events` of how many such
    it was drawn.
    """
    named = dict.fromkeys(name for band in tuning.bands for drawn in band.drawn for name in drawn.values)
    writer = csv.writer(file, lineterminator="\n")
    head = ("hits_at", "band_events", "seed", "event_id", "occurred_at", "entity", "amount", "currency")
    writer.writerow((*head, *named, "label"))
    drawn = [(band, each) for band in tuning.bands for each in band.drawn]
    for band, each in drawn:
        value = tuning.thresholds.values[band.value].text
        writer.writerow(map(_cell, (value, band.events, sampling.seed, *_row(each, named), "")))
    return len(drawn)


def _row(drawn: Drawn, named: Mapping[str, None]) -> tuple[Any, ...]:
    values = (drawn.values.get(name) for name in named)
    return (drawn.event_id, drawn.occurred_at, drawn.entity, drawn.amount, drawn.currency, *values)


def _cell(value: Any) -> Any:
    """Return a value as a cell that no spreadsheet takes for a formula."""
    if not isinstance(value, str) or not value.startswith(_FORMULA):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value
