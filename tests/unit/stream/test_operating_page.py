"""docs/operating.md names what is there."""

from __future__ import annotations

from pathlib import Path

from fraudstream.stream.log_lines import FIELDS
from fraudstream.telemetry.health import LIVE_SECONDS_MAX, UNASSIGNED_SECONDS_MAX

PAGE = (Path(__file__).parents[3] / "docs" / "operating.md").read_text(encoding="utf-8")


def test_the_page_lists_every_field_of_a_log_line() -> None:
    """In the order and in the words of the code."""
    rows = "".join(f"| `{name}` | {what} |\n" for name, what in FIELDS.items())
    assert f"| field | what |\n| --- | --- |\n{rows}\n" in PAGE


def test_the_page_states_the_limits_of_health() -> None:
    """As the code has them."""
    assert f"has not come round for {LIVE_SECONDS_MAX:g} s" in PAGE
    assert f"for more than {UNASSIGNED_SECONDS_MAX:g} s since a rebalance began" in PAGE
