"""The command itself."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import fraudstream as package
from tests.unit.cli.commands import error_lines, fraudstream


def test_the_version_is_the_package_s() -> None:
    """One number everywhere."""
    assert fraudstream("version").out == f"{package.__version__}\n"
    assert package.__version__ == version("fraudstream")


@pytest.mark.parametrize("command", [[], ["rules"], ["topics"], ["run"], ["replay"], ["rules", "lint"]])
def test_every_command_explains_itself(command: list[str]) -> None:
    """`--help` answers, with a sentence and the options."""
    ran = fraudstream(*command, "--help")
    assert ran.code == 0
    assert "Usage: " in ran.out


def test_an_unknown_command_is_refused() -> None:
    """With the exit code of a wrong usage."""
    assert fraudstream("rule").code == 2


@pytest.mark.parametrize("command", [["run"], ["topics", "create"]])
def test_a_missing_topology_is_one_line(tmp_path: Path, command: list[str]) -> None:
    """Before anything is connected or started."""
    path = tmp_path / "t.yml"
    assert error_lines(*command, "--topology", path) == [
        f"{path}:1:1: cannot be read (No such file or directory): check the path"
    ]


def test_a_real_process_fails_in_one_line_without_a_traceback(tmp_path: Path) -> None:
    """What a shell sees: one line on stderr, nothing on stdout, exit code 1."""
    command = [sys.executable, "-m", "fraudstream.cli", "rules", "lint", "nowhere"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "nowhere:1:1: there is no such directory: give the rule directory\n"


def test_a_crash_shows_no_secret() -> None:
    """What nobody foresaw ends with a trace and 1, in any thread, and secrets that were read are masked."""
    crash = (
        "import threading\n"
        "from fraudstream.cli import main\n"
        "from fraudstream.config.secret import SecretPlace\n"
        "def crash():\n"
        "    secret = SecretPlace(env='S').reveal({'S': 'canary-of-crashes-4d10'})\n"
        "    raise RuntimeError('no luck with ' + secret)\n"
        "def app():\n"
        "    thread = threading.Thread(target=crash)\n"
        "    thread.start()\n"
        "    thread.join()\n"
        "    crash()\n"
        "main.app = app\n"
        "main.main()\n"
    )
    ended = subprocess.run([sys.executable, "-c", crash], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.count("RuntimeError: no luck with ***") == 2
    assert "canary" not in ended.stdout + ended.stderr
