"""Nothing of the machine that a file was written on stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IGNORED = [line.strip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split()]

HOME_PATH = re.compile(r"(?<![\w.~*-])/(?:work|root|home/\w+|Users/\w+)/")
REGISTRY = re.compile(
    r"(?i)(?:extra-)?index-url|trusted-host|\bartifactory\b|\bjfrog\b|<repository>|<mirror>"
)


def tracked(directory: Path = ROOT) -> Iterator[Path]:
    """Yield the files that belong to the repository."""
    for path in sorted(directory.iterdir()):
        if path.name == ".git" or any(fnmatch(path.name, pattern) for pattern in IGNORED):
            continue
        if path.is_dir():
            yield from tracked(path)
        else:
            yield path


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    """Return file and line of every match, this file left out."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in tracked()
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_file_names_a_path_of_one_machine() -> None:
    """Paths are relative, or a user's own choice."""
    assert lines_with(HOME_PATH) == []


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is the machine's business."""
    assert lines_with(REGISTRY) == []
    for lock in ("requirements.lock", "requirements-dev.lock"):
        assert "://" not in (ROOT / lock).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (HOME_PATH, "see /root" + "/notes", True),
        (HOME_PATH, "see /home" + "/jo/notes", True),
        (HOME_PATH, "fraudstream/work/x", False),
        (HOME_PATH, "https://example.org/work/x", False),
        (REGISTRY, "--index" + "-url x", True),
    ],
)
def test_the_check_itself(pattern: re.Pattern[str], text: str, found: bool) -> None:
    """It finds such a path, and no harmless one."""
    assert bool(pattern.search(text)) is found
