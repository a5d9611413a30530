"""Every test says in one sentence what it holds."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
FILES = sorted(TESTS.rglob("test_*.py"))


def docstrings(path: Path) -> Iterator[tuple[str, str]]:
    """Yield name and docstring of the test functions of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.name, ast.get_docstring(node) or ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(TESTS).as_posix())
def test_every_test_has_a_sentence(path: Path) -> None:
    """Its docstring is one paragraph that ends with a full stop."""
    assert [name for name, text in docstrings(path) if not text.endswith(".") or "\n\n" in text] == []


def test_the_tests_are_found() -> None:
    """The check above is about hundreds of tests."""
    assert sum(len(list(docstrings(path))) for path in FILES) > 200
