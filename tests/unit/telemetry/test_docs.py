"""The page of metrics."""

from __future__ import annotations

from pathlib import Path

from fraudstream.telemetry.docs import metrics_page

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"


def test_the_page_is_what_the_code_says() -> None:
    """`make docs` was run after the last change of a metric."""
    assert PAGE.read_text(encoding="utf-8") == metrics_page()


def test_names_carry_prefix_and_base_units() -> None:
    """Every name begins with fraudstream_, and no unit is a thousandth of another."""
    names = [line.split("`")[1] for line in metrics_page().splitlines() if line.startswith("| `")]
    assert len(names) == len(set(names)) > 10
    assert all(name.startswith("fraudstream_") for name in names)
    assert not [name for name in names if name.endswith(("_ms", "_us", "_millis", "_minutes", "_kb"))]
