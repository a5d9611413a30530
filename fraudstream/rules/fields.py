"""What fields of all files are made of: strict parts, durations, columns and days as people write them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from fraudstream.rules.durations import parse_duration


class Strict(BaseModel):
    """A part of a file: unknown keys are refused, values are not bent into shape."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, populate_by_name=True, use_attribute_docstrings=True
    )


def _duration(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"{value} has no unit: write a duration such as 24h")
    return parse_duration(value) if isinstance(value, str) else value


def _columns(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _date(value: object) -> object:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"{value!r} is no day: write it as 2026-09-01") from None


DURATION_PATTERN = r"^ *[0-9]{1,9}[smhdw] *$"
DurationUs = Annotated[
    int,
    Field(gt=0),
    BeforeValidator(_duration, json_schema_input_type=Annotated[str, Field(pattern=DURATION_PATTERN)]),
]
"""Microseconds, written `7d`."""
Columns = Annotated[
    tuple[str, ...],
    Field(min_length=1, max_length=3),
    BeforeValidator(
        _columns, json_schema_input_type=str | Annotated[list[str], Field(min_length=1, max_length=3)]
    ),
]
"""One column, or a list of at most three."""
Day = Annotated[date, BeforeValidator(_date)]
