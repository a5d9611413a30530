"""From the messages of a labels topic to what they say of which event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from fraudstream.engine.label_schema import Label
from fraudstream.events.batch import DeadLetter, Ids


class Labels(NamedTuple):
    """What n messages say, in their order; `ids` are of alerts where `of_alert`, else of events.

    `known_at` are texts as they were given, which the engine does not read.
    """

    ids: Ids
    of_alert: NDArray[np.bool_]
    fraud: NDArray[np.bool_]
    known_at: tuple[str | None, ...]

    def __len__(self) -> int:
        return len(self.fraud)


def read_labels(values: Sequence[bytes | None]) -> tuple[Labels, list[DeadLetter]]:
    """Read messages; those that are no labels become dead letters."""
    found: list[Label] = []
    dead: list[DeadLetter] = []
    for row, value in enumerate(values):
        try:
            found.append(Label.model_validate_json(value or b""))
        except ValidationError as error:
            dead.append(_letter(row, error))
    return Labels(
        Ids.of([each.event_id or each.alert_id or "" for each in found]),
        np.array([each.alert_id is not None for each in found], np.bool_),
        np.array([each.label == "fraud" for each in found], np.bool_),
        tuple(each.known_at for each in found),
    ), dead


def _letter(row: int, error: ValidationError) -> DeadLetter:
    fault = error.errors(include_url=False, include_context=False)[0]
    if fault["type"] == "json_invalid":
        return DeadLetter(row, "not_json", "decode", f"{fault['msg']}: send one JSON object per message")
    where = ".".join(map(str, fault["loc"]))
    words = fault["msg"].removeprefix("Value error, ")
    detail = f"{where}: {words}" if where else words
    return DeadLetter(row, "not_a_label", "validate", f"{detail}: send what docs/label.schema.json says")
