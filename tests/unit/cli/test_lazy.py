"""A command imports its own part of the program, and each is where the list says."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer.main

from fraudstream.cli import rule_commands
from fraudstream.cli.main import app

_LOADED = """
import sys
from typer.testing import CliRunner
from fraudstream.cli.main import app
assert CliRunner().invoke(app, sys.argv[1:]).exit_code == 0
print(*({"faust", "numba", "pyarrow", "river"} & set(sys.modules)))
"""


@pytest.mark.parametrize("arguments", ["version", "audit --help"])
def test_what_needs_little_imports_little(arguments: str) -> None:
    """Neither the stream nor the engine, which take most of the time of a short command."""
    program = [sys.executable, "-c", _LOADED, *arguments.split()]
    ran = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (ran.stdout.split(), ran.stderr) == ([], "")


@pytest.mark.parametrize("group", [app, rule_commands.app])
def test_every_command_is_where_the_list_says(group: typer.Typer) -> None:
    """Under its own name, with a line of help."""
    commands = typer.main.get_group(group).commands
    assert {name: command.name for name, command in commands.items()} == {name: name for name in commands}
    assert all(command.get_short_help_str() for command in commands.values())
