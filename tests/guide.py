"""Runs the commands of a guide one after another in one shell, as a reader would, and notes what they say."""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

BLOCK = re.compile(r"(?ms)^```console\n(.*?)^```$")
COMMAND_SECONDS_MAX = 90.0
_DONE = "the-command-has-ended"
_VARYING = (
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "HASH"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d([.,]\d+)?Z?"), "TIME"),
    (re.compile(r"\b\d+(\.\d+)? (s|ms)\b"), "SECONDS"),
    (re.compile(r"\bprocess \d+"), "PROCESS"),
    (re.compile(r" on \S+, PROCESS"), " on HOST, PROCESS"),
    (re.compile(r"[\d,]+ a second"), "RATE"),
    # Whether a worker looks between publishing and approving, and refuses, is a matter of seconds.
    (re.compile(r"\b\d+ entries, none"), "ENTRIES, none"),
    (re.compile(r"[ ]+"), " "),
)


@dataclass
class Shell:
    """A shell that stays, in which commands may leave others running."""

    process: subprocess.Popen[str]
    out: IO[str]

    def run(self, command: str) -> str:
        """Return all that a command prints; AssertionError where it does not end in time."""
        stdin = self.process.stdin
        assert stdin is not None
        stdin.write(f"{command}\necho {_DONE}\n")
        stdin.flush()
        printed = ""
        deadline = time.monotonic() + COMMAND_SECONDS_MAX
        with selectors.DefaultSelector() as selector:
            selector.register(self.out, selectors.EVENT_READ)
            while not printed.endswith(f"{_DONE}\n"):
                assert selector.select(deadline - time.monotonic()), f"did not end: {command}\n{printed}"
                read = os.read(self.out.fileno(), 65_536).decode()
                assert read, f"the shell has ended at: {command}\n{printed}"
                printed += read
        return printed.removesuffix(f"{_DONE}\n")


@contextmanager
def shell(directory: Path, environment: Mapping[str, str]) -> Iterator[Shell]:
    """Start a shell, and at the end stop it with all that it has left running."""
    process = subprocess.Popen(
        ["bash"],
        cwd=directory,
        env={**os.environ, "COLUMNS": "110", **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        yield Shell(process, process.stdout)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def replayed(guide: str, run: Shell, names: Mapping[str, str]) -> str:
    """Return the guide with what its commands print now; `names` lead from its names to those here."""

    def one(block: re.Match[str]) -> str:
        parts = (f"$ {command}\n{_told(run, command, names)}" for command in _commands(block[1]))
        return "```console\n" + "".join(parts) + "```"

    return BLOCK.sub(one, guide)


def _commands(block: str) -> Iterator[str]:
    """Yield the commands of a block: lines behind `$ `, with the lines that they go on with."""
    command: list[str] = []
    for line in block.splitlines():
        goes_on = bool(command) and command[-1].endswith("\\")
        if line.startswith("$ ") and not goes_on:
            if command:
                yield "\n".join(command)
            command = [line[2:]]
        elif goes_on:
            command.append(line)
    if command:
        yield "\n".join(command)


def _told(run: Shell, command: str, names: Mapping[str, str]) -> str:
    for written, used in names.items():
        command = command.replace(written, used)
    printed = run.run(command)
    for written, used in names.items():
        printed = printed.replace(used, written)
    lines = [line.rstrip() for line in printed.splitlines()]
    return "".join(f"{line}\n" for line in lines)


def settled(guide: str) -> str:
    """Return a guide without what differs from run to run: hashes, times, durations, processes."""
    for pattern, name in _VARYING:
        guide = pattern.sub(name, guide)
    return guide
