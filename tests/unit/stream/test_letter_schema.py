"""The headers of dead letters fit the schema that their readers are given."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudstream.events.batch import DeadLetter
from fraudstream.stream.batch import Batch
from fraudstream.stream.emission import Outlet, dead_letter_message
from fraudstream.stream.letter_schema import LetterHeaders, letter_schema
from tests.unit.stream.fakes import record

PAGE = Path(__file__).parents[3] / "docs" / "dead_letter.schema.json"


def test_the_page_is_what_the_code_says() -> None:
    """`make docs` writes it anew."""
    assert PAGE.read_text(encoding="utf-8") == letter_schema()


@pytest.mark.parametrize("exception", [None, "KeyError"])
@pytest.mark.parametrize(
    "outlet",
    [
        Outlet("alerts", "dead", "journal"),
        Outlet("alerts", "dead", "journal", payloads_kept=False),
        Outlet("alerts", "dead", "journal", dead_letter_bytes_max=300),
    ],
    ids=["kept", "withheld", "too large"],
)
def test_the_headers_of_a_letter_fit(outlet: Outlet, exception: str | None) -> None:
    """With and without payload and exception."""
    batch = Batch(("events", 3), [record(17, b"x" * 500, b"key")])
    message = dead_letter_message(batch, DeadLetter(0, "r", "step", "d", exception), outlet)
    fields = LetterHeaders.model_validate({name: value.decode() for name, value in message.headers})
    assert (fields.source_offset, fields.exception) == (17, exception)
    assert (fields.left_behind is None) == (message.value is not None)
