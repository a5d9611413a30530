"""The `map:` of a topology: where each column is found in messages that were not made for us."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from fraudstream.events.schema import Schema


class Source(BaseModel):
    """Where one column comes from: a field (`from`), several joined (`join`), or a constant (`const`)."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    from_: str | None = Field(None, alias="from")
    """The dotted path of the field."""
    join: tuple[str, ...] | None = None
    """The dotted paths of several, whose texts are put together."""
    separator: str = ":"
    """What stands between them."""
    const: str | None = None
    """The same text for every event."""
    values: Mapping[str, str] | None = None
    """Translates the field's words, e.g. `{POS: pos}`; a word that is not listed stays as it is ..."""
    other: str | None = None
    """... unless this says what it becomes."""
    zone: str | None = None
    """The IANA zone of times that carry none."""

    @model_validator(mode="after")
    def _one_origin(self) -> Source:
        if sum(origin is not None for origin in (self.from_, self.join, self.const)) != 1:
            raise ValueError("give exactly one of from, join and const")
        if self.zone is not None and self.zone not in available_timezones():
            raise ValueError(f"{self.zone!r} is no IANA time zone: write one such as Europe/Berlin or UTC")
        return self


def _from_text(value: object) -> object:
    return {"from": value} if isinstance(value, str) else value


FieldMap = Mapping[str, Annotated[Source, BeforeValidator(_from_text)]]
"""Column name -> source; a bare text is short for `{from: text}`."""


def check_map(mapping: Mapping[str, Source], schema: Schema) -> None:
    """Raise ValueError where the map names an unknown column or leaves out a required one."""
    names = {column.name for column in schema.columns}
    for name in mapping:
        if name not in names:
            raise ValueError(
                f"map: {name!r} is no column: declare it under columns, or use one of the schema"
            )
    missing = [column.name for column in schema.columns if column.required and column.name not in mapping]
    if missing:
        raise ValueError(f"map: says nothing of the required {', '.join(missing)}: add where to find them")
