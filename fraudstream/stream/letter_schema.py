"""The headers of dead letters as types, printed to `docs/dead_letter.schema.json`."""

from __future__ import annotations

import json
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class LetterHeaders(BaseModel):
    """The headers of a dead letter, each UTF-8 text; whole numbers are written with digits alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: str = Field(description="A word for what is wrong, such as not_json, ahead_of_time, step_failed.")
    stage: Literal["decode", "validate", "step", "emit"]
    exception: str | None = Field(None, description="The class of what was raised, where something was.")
    detail: str = Field(description="What is wrong, where, and the remedy; 1,000 characters at most.")
    source_topic: str
    source_partition: int = Field(ge=0)
    source_offset: int = Field(ge=0)
    left_behind: Literal["too_large", "policy", "gone"] | None = Field(
        None,
        description="Why key and payload are not there: the topic does not take them, the topology's "
        "privacy or output.dead_letter_payloads withholds them, or a later stage of a keyed topology found "
        "them gone from the input.",
    )
    left_behind_bytes: int | None = Field(None, ge=0, description="The size of key and payload then.")
    cards_masked: Literal["true"] | None = Field(
        None, description="There where card numbers in key or payload are masked."
    )


def letter_schema() -> str:
    """Return the JSON Schema of the headers as one object."""
    return json.dumps(LetterHeaders.model_json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    print(letter_schema(), end="")
