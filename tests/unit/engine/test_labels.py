"""Labels that are none become dead letters, whatever was sent."""

from __future__ import annotations

import orjson
import pytest

from fraudstream.engine.labels import read_labels

GOOD = {"schema": "fraudstream.label/v1", "label": "fraud", "event_id": "e"}


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b'{"schema": ' + b"[" * 100_000, "not_json"),
        (b"[" * 100_000 + b"]" * 100_000, "not_json"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "not_json"),
        (b"\xff", "not_json"),
        (None, "not_json"),
        (b'"' + b"x" * 1_000_000 + b'"', "not_a_label"),
        (orjson.dumps({**GOOD, "label": "Jo Canary"}), "not_a_label"),
        (orjson.dumps({**GOOD, "event_id": ["Jo Canary"]}), "not_a_label"),
        (orjson.dumps({**GOOD, "alert_id": "Jo Canary"}), "not_a_label"),
        (b"Jo Canary", "not_json"),
    ],
)
def test_what_is_no_label_is_refused_without_a_quote(message: bytes | None, reason: str) -> None:
    """However deep, long or strange; the detail never repeats what was sent."""
    labels, (letter,) = read_labels([message])
    assert (len(labels), letter.reason) == (0, reason)
    assert "Canary" not in letter.detail
    assert len(letter.detail) < 200
