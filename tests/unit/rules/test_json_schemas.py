"""The schemas that editors read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from fraudstream.rules.json_schemas import FILES, json_schema

SCHEMAS = Path(__file__).parents[3] / "docs" / "schemas"


@pytest.mark.parametrize("kind", FILES)
def test_the_schema_is_what_the_loader_reads(kind: str) -> None:
    """`make schemas` was run after the last change of a file's model."""
    assert (SCHEMAS / f"{kind}.schema.json").read_bytes() == json_schema(kind)


def test_no_schema_is_left_over() -> None:
    """Every schema belongs to a kind of file that is read."""
    assert {path.name for path in SCHEMAS.iterdir()} == {f"{kind}.schema.json" for kind in FILES}


def test_values_are_described_as_people_write_them() -> None:
    """A duration is a text with a unit, a key one column or several, a day a date."""
    definitions: dict[str, Any] = orjson.loads(json_schema("rule"))["$defs"]
    feature = definitions["FeatureSpec"]["properties"]
    assert feature["window"]["anyOf"][0] == {"pattern": "^ *[0-9]{1,9}[smhdw] *$", "type": "string"}
    assert [each["type"] for each in feature["by"]["anyOf"]] == ["string", "array"]
    assert definitions["Effective"]["properties"]["from"]["anyOf"][0]["format"] == "date"


def test_unknown_keys_are_marked_and_every_key_of_a_rule_is_explained() -> None:
    """An editor underlines a misspelt key, and shows what each key is for where its name does not say it."""
    schema = orjson.loads(json_schema("rule"))
    assert schema["additionalProperties"] is False
    silent = {name for name, each in schema["properties"].items() if "description" not in each}
    assert silent <= {"schema", "title", "status", "severity", "effective", "then", "tests", "bands"}
