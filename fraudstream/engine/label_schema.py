"""The JSON of labels as a type: what became known of an event later. Prints docs/label.schema.json."""

from __future__ import annotations

import json
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Label(BaseModel):
    """What became known of one event; the event is named by its id or by that of an alert about it."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    schema_: Literal["fraudstream.label/v1"] = Field(alias="schema")
    label: Literal["fraud", "genuine"]
    event_id: str | None = Field(None, min_length=1, description="The id of the event.")
    alert_id: str | None = Field(None, min_length=1, description="The id of an alert about the event.")
    known_at: str | None = Field(
        None,
        description="When this became known, ISO 8601 with a zone. A back-test teaches the label then. A "
        "worker does not look at it: there a label is known from its place in the topic on.",
    )

    @model_validator(mode="after")
    def _named_once(self) -> Label:
        if (self.event_id is None) == (self.alert_id is None):
            raise ValueError("give either event_id or alert_id")
        return self


def main() -> None:
    """Print the schema of the labels that fraudstream takes."""
    print(json.dumps(Label.model_json_schema(), indent=2))


if __name__ == "__main__":
    main()
