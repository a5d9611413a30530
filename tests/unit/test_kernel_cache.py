"""Compiled kernels are kept apart for every state of their sources."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "fraudstream"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the package, to be changed."""
    ignored = shutil.ignore_patterns("__pycache__")
    return shutil.copytree(PACKAGE, tmp_path / "fraudstream", ignore=ignored)


def folder(copy: Path, **variables: str) -> str:
    """Return where a fresh process keeps its kernels."""
    code = "import fraudstream, os; print(os.environ['NUMBA_CACHE_DIR'])"
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=copy.parent,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.strip()


def append(path: Path) -> None:
    """Change a file without a meaning."""
    path.write_text(path.read_text() + "\n# A remark.\n")


def test_a_changed_kernel_or_constant_moves_the_cache(copy: Path) -> None:
    """An inlined kernel's file, or one with constants that kernels import, counts; other files do not."""
    first = folder(copy)
    assert Path(first).parent == copy / "__pycache__"
    append(copy / "features" / "hashmap.py")
    second = folder(copy)
    append(copy / "features" / "plan.py")
    third = folder(copy)
    append(copy / "config" / "topology.py")
    assert len({first, second, third}) == 3
    assert folder(copy) == third
    assert [path.name for path in (copy / "__pycache__").glob("kernels-*")] == [Path(third).name]


def test_the_user_s_own_folder_is_kept(copy: Path) -> None:
    """Who sets NUMBA_CACHE_DIR decides."""
    assert folder(copy, NUMBA_CACHE_DIR="elsewhere") == "elsewhere"
