"""The committed dashboards are those of the code."""

from __future__ import annotations

from deploy.grafana.build import FOLDER, files


def test_the_dashboards_are_what_the_code_says() -> None:
    """`make dashboards` was run after the last change, and no file is left over."""
    committed = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert committed == files()
