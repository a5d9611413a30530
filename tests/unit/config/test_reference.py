"""What is printed of the settings is what the loader reads."""

from __future__ import annotations

from pathlib import Path

from fraudstream.config.reference import json_schema, page
from fraudstream.config.tree import sections, settings

DOCS = Path(__file__).parents[3] / "docs"


def test_the_reference_is_of_the_models() -> None:
    """`make docs` was run after their last change."""
    assert (DOCS / "configuration.md").read_text() == page()
    assert (DOCS / "topology.schema.json").read_bytes() == json_schema()


def test_every_setting_and_every_section_is_explained() -> None:
    """In a line of its own, which ends as a sentence does."""
    assert [each.path for each in settings().values() if not each.meaning.endswith((".", ")."))] == []
    assert [each.path for each in sections() if not each.meaning] == []


def test_names_that_a_deployment_chooses_are_no_settings() -> None:
    """Columns and maps are described, but no variable says them."""
    assert ("columns", "NAME") in {each.path for each in sections()}
    assert ("columns", "NAME", "type") not in settings()
