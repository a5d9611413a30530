"""What Grafana finds when it starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

GRAFANA = Path(__file__).parents[3] / "deploy" / "grafana"


def provisioned(name: str) -> Any:
    """Return what a provisioning file says."""
    return YAML(typ="safe").load(GRAFANA / "provisioning" / name)


def test_grafana_finds_the_dashboards_and_their_prometheus() -> None:
    """The folder is where the README mounts it, and nothing can be changed past the code."""
    (provider,) = provisioned("dashboards/fraudstream.yml")["providers"]
    assert f"| `dashboards/` | `{provider['options']['path']}` |" in (GRAFANA / "README.md").read_text()
    assert provider["allowUiUpdates"] is False
    (source,) = provisioned("datasources/prometheus.yml")["datasources"]
    assert (source["type"], source["isDefault"], source["editable"]) == ("prometheus", True, False)
