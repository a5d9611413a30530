"""Where the files of deploy/ are, and what all tests of them need."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
VERSION: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
USER = 10001
HEALTH_PAGES = {"/health/live", "/health/ready"}
PINNED = re.compile(r"^[\w./-]+:v?\d+\.\d+(?:\.\d+)?(?:-[\w.]+)?$")
"""An image with a version, neither `latest` nor a whole major version."""


def documents(path: Path) -> Iterator[Any]:
    """Yield the documents of a YAML file as plain data."""
    yield from YAML(typ="safe").load_all(path)


def document(path: Path) -> Any:
    """Return the only document of a YAML file."""
    (only,) = documents(path)
    return only
