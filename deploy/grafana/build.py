"""Writes the dashboards: `python -m deploy.grafana.build`, or `make dashboards`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.detection import detection
from deploy.grafana.kafka_state import kafka_state
from deploy.grafana.model import model
from deploy.grafana.rules import rules
from deploy.grafana.service import service

FOLDER = Path(__file__).parent / "dashboards"


def dashboards() -> list[Dashboard]:
    """Return all dashboards."""
    return [service(), detection(), rules(), model(), kafka_state()]


def files() -> Mapping[str, str]:
    """Return the name and the JSON of every dashboard's file."""
    encoder = JSONEncoder(sort_keys=True, indent=2)
    return {f"{each.uid}.json": encoder.encode(each) + "\n" for each in dashboards()}


def main() -> None:
    """Write the files, and remove those that are none any more."""
    made = files()
    for path in FOLDER.glob("*.json"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
