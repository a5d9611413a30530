"""Messages under other field names, read through a map."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from pydantic import TypeAdapter, ValidationError

from fraudstream.events.decode import Decoder
from fraudstream.events.interning import Interner
from fraudstream.events.mapping import FieldMap, check_map
from fraudstream.events.schema import ID, Schema

BASE: dict[str, Any] = {"id": "no", "kind": {"const": "login"}, "occurred_at": "when"}


def field_map(**fields: Any) -> FieldMap:
    """Return a map as a file would write it; `__` stands for the dot of a column's name."""
    return TypeAdapter(FieldMap).validate_python(
        {**BASE, **{name.replace("__", "."): source for name, source in fields.items()}}
    )


def read(column: str, document: dict[str, Any], **fields: Any) -> str | None:
    """Return a text column of one mapped message."""
    content = {"no": 17, "when": "2026-03-02T12:00:00Z", **document}
    batch, dead = Decoder(Schema(), Interner(), field_map(**fields)).decode([orjson.dumps(content)])
    assert not dead
    return batch.ids.text(0) if column == ID else batch.text(column, 0)


def test_whole_numbers_become_texts() -> None:
    """A topic that numbers its customers needs no re-encoding."""
    assert read("id", {}) == "17"


def test_a_field_is_found_below_others() -> None:
    """A path leads through nested objects."""
    assert read("debtor.id", {"who": {"is": {"it": "c1"}}}, debtor__id="who.is.it") == "c1"


def test_several_fields_are_joined() -> None:
    """Where one field is not unique alone; a missing part makes the whole missing."""
    joined = {"join": ["world", "customer"], "separator": "/"}
    assert read("debtor.id", {"world": 3, "customer": "c1"}, debtor__id=joined) == "3/c1"
    assert read("debtor.id", {"world": 3}, debtor__id=joined) is None


def test_words_are_translated() -> None:
    """Listed words become ours, others stay as they are, or become what `other` says."""
    words = {"from": "way", "values": {"POS": "pos"}}
    assert read("channel", {"way": "POS"}, channel=words) == "pos"
    assert read("channel", {"way": "atm"}, channel=words) == "atm"
    assert read("channel", {"way": "moon"}, channel={**words, "other": "api"}) == "api"


def test_times_without_zone_get_the_map_s() -> None:
    """The zone of the map holds where the text has none."""
    mapping = field_map(occurred_at={"from": "when", "zone": "Asia/Shanghai"})
    content = orjson.dumps({"no": 1, "when": "2026-03-02 20:00:00"})
    batch, dead = Decoder(Schema(), Interner(), mapping).decode([content])
    assert not dead
    assert batch.time_us.tolist() == [1_772_452_800_000_000]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({}, "give exactly one of from, join and const"),
        ({"from": "a", "const": "b"}, "give exactly one of from, join and const"),
        (
            {"from": "a", "zone": "Mars/Base"},
            "'Mars/Base' is no IANA time zone",
        ),
        ({"form": "a"}, "Extra inputs are not permitted"),
    ],
)
def test_a_source_that_says_nothing_is_refused(source: dict[str, Any], message: str) -> None:
    """The message says what to write."""
    with pytest.raises(ValidationError, match=message):
        field_map(occurred_at=source)


def test_a_map_names_columns_that_there_are() -> None:
    """A column that nobody declared is refused, and so is a map without the required ones."""
    with pytest.raises(ValueError, match=r"map: 'debtor\.idd' is no column: declare it under columns"):
        check_map(field_map(debtor__idd="x"), Schema())
    without_id = {name: source for name, source in field_map().items() if name != "id"}
    with pytest.raises(ValueError, match="map: says nothing of the required id: add where to find them"):
        check_map(without_id, Schema())
