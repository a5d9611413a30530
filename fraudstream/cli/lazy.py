"""Groups whose commands are imported when they are asked for: most need a part of the program only."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup


class _Commands(UserDict[str, Any]):
    """Commands by name: where they are, until one is asked for."""

    def __getitem__(self, name: str) -> Any:
        command = self.data[name]
        if isinstance(command, str):
            self.data[name] = command = _load(command, name)
        return command


def _load(place: str, name: str) -> Any:
    module, _, attribute = place.partition(":")
    found = getattr(import_module(f"fraudstream.cli.{module}"), attribute)
    if isinstance(found, typer.Typer):
        group = typer.main.get_group(found)
        group.name = name
        return group
    # Typer makes commands only within an application; one with a single command is that command.
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command(name)(found)
    return typer.main.get_command(alone)


def lazy(places: Mapping[str, str]) -> type[TyperGroup]:
    """Return a kind of group with the commands or groups of `module:attribute`, in that order."""

    class Lazy(TyperGroup):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.commands = _Commands({**places, **self.commands})

    return Lazy
