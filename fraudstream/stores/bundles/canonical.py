"""JSON with one spelling, so that no byte of a signed file can change unseen."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

HEX_32_BYTES = r"^[0-9a-f]{64}$"
HEX_64_BYTES = r"^[0-9a-f]{128}$"
TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"
PERSON = r"^[^\x00-\x1f\x7f]{1,200}$"
SEQUENCE_MAX = 2**53 - 1

_Record = TypeVar("_Record", bound="Record")


class Record(BaseModel):
    """One line of a signed file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


def is_person(name: str) -> bool:
    """Tell whether a text may stand for a person."""
    return re.match(PERSON, name) is not None


def canonical(data: Any) -> bytes:
    """Return the one spelling of data."""
    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS)


def line_of(record: Record) -> bytes:
    """Return a record as its line, without the line's end."""
    return canonical(record.model_dump(mode="json", by_alias=True))


def parsed(line: bytes, model: type[_Record]) -> _Record | None:
    """Return the record that a line is, None where it is not its one spelling."""
    try:
        record = model.model_validate_json(line)
        return record if line_of(record) == line else None
    except (ValidationError, ValueError):
        return None
