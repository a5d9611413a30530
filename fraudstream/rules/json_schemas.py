"""JSON schemas of the files of a rule directory, by which an editor completes and checks what is typed.

They are made from the models that the loader itself uses. What only the loader can know, such as whether a
name in an expression is a column, they leave to `fraudstream rules lint`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import BaseModel

from fraudstream.rules.actions import Actions
from fraudstream.rules.files import ModelFile, Rates, ReasonCodes
from fraudstream.rules.lists import ListFile
from fraudstream.rules.schema import RuleSpec
from fraudstream.rules.translations import TextsFile
from fraudstream.rules.typologies import Typologies

FILES: Mapping[str, type[BaseModel]] = {
    "rule": RuleSpec,
    "typologies": Typologies,
    "reason_codes": ReasonCodes,
    "rates": Rates,
    "model": ModelFile,
    "list": ListFile,
    "actions": Actions,
    "texts": TextsFile,
}
"""The model of each kind of file."""
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(kind: str) -> bytes:
    """Return the JSON schema of one kind of file, as it stands in docs/schemas/."""
    schema: dict[str, Any] = {"$schema": _DIALECT, **FILES[kind].model_json_schema()}
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(schema, option=options)
