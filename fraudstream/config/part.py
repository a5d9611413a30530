"""What every part of the topology file is made of."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from fraudstream.errors import UserError


class Part(BaseModel):
    """A mapping of the file: unknown keys are refused, and what is read never changes.

    What stands behind a field as a text is its line in docs/configuration.md.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, use_attribute_docstrings=True
    )


class SettingError(UserError, ValueError):
    """What the settings name is not there, or is not what it has to be: what, where, remedy, in one line."""


def no_login(address: object) -> object:
    """Refuse an address that holds a password, without quoting it."""
    if isinstance(address, str) and "@" in address:
        raise ValueError("holds an @, as before it a user or a password: name those where secrets are named")
    return address


def placed(value: Any, folder: Path) -> Any:
    """Return a part of the topology, or a field of one, with paths that count from a folder.

    Links are followed when a file is opened: what Kubernetes mounts are links that change with their content.
    """
    if isinstance(value, Path):
        return Path(os.path.normpath(folder.resolve() / value))
    if isinstance(value, Mapping):
        return {name: placed(each, folder) for name, each in value.items()}
    if isinstance(value, tuple):
        return tuple(placed(each, folder) for each in value)
    if isinstance(value, Part):
        fields = {name: placed(getattr(value, name), folder) for name in type(value).model_fields}
        return value.model_copy(update=fields)
    return value
