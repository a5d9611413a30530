"""Every command that the documentation tells a reader to type is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from fraudstream.cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

_FENCED = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_COMMAND = re.compile(r"(?:^|[\s;&|(/])(make|fraudstream)((?: +[^\s#;&|]+)+)")


def commands(page: str) -> list[tuple[str, list[str]]]:
    """Return program and arguments of every `make ...` and `fraudstream ...` in a page's code."""
    fenced = [line for block in _FENCED.findall(page) for line in block.replace("\\\n", " ").splitlines()]
    inline = _INLINE.findall(_FENCED.sub("", page))
    return [
        (program, shlex.split(rest.replace("...", " ")))
        for line in (*fenced, *inline)
        for program, rest in _COMMAND.findall(line)
    ]


def fault(program: str, arguments: list[str]) -> str | None:
    """Return what is wrong with a command, None where it can be typed."""
    if program == "make":
        missing = [word for word in arguments if "=" not in word and word not in TARGETS]
        return f"no target {missing[0]}" if missing else None
    command: Any = typer.main.get_command(app)
    words = list(arguments)
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        name = words.pop(0)
        if name not in command.commands:
            return f"no command {name}"
        command = command.commands[name]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    strange = [word for word in words if word.startswith("-") and word.split("=")[0] not in known]
    return f"no option {strange[0]}" if strange else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_of_a_page_exists(page: Path) -> None:
    """Targets of make, commands of fraudstream and their options."""
    found = commands(page.read_text(encoding="utf-8"))
    faults = [
        (program, *arguments, why) for program, arguments in found if (why := fault(program, arguments))
    ]
    assert faults == []


def test_the_readme_shows_the_first_two_commands() -> None:
    """A stranger begins with `make demo` and `make test`."""
    readme = commands((ROOT / "README.md").read_text(encoding="utf-8"))
    assert {("make", "demo"), ("make", "test")} <= {(program, words[0]) for program, words in readme}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("make demo EVENTS=50", None),
        ("make dmeo", "no target dmeo"),
        ("fraudstream rules lint rules", None),
        ("fraudstream rule lint", "no command rule"),
        ("fraudstream replay a.csv --order-by t", None),
        ("fraudstream replay a.csv --sort t", "no option --sort"),
    ],
)
def test_the_check_itself(line: str, why: str | None) -> None:
    """It finds what is wrong, and only that, in code spans and in blocks."""
    for page in (f"Type `{line}` now.", f"```sh\n$ {line}   # a remark\n```\n"):
        assert [fault(*command) for command in commands(page)] == [why]


def test_the_help_of_make_lists_every_target() -> None:
    """A target without a line of help is not for people."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert set(re.findall(r"^([a-z][a-z-]*):.*## .", makefile, re.MULTILINE)) == TARGETS
