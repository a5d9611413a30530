"""Files and messages are read by loaders that run nothing and resolve nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNS_OR_RESOLVES = {
    "pickle",
    "marshal",
    "shelve",
    "dill",
    "joblib",
    "cloudpickle",
    "xml",
    "lxml",
    "yaml",
    "plistlib",
}
"""What runs code, or reads entities and tags, in what it reads."""
ALLOWED = {
    # Of its own process alone; what comes from outside goes through careful_pickle.
    ("fraudstream/scorers/river_path.py", "pickle"),
    ("fraudstream/scorers/careful_pickle.py", "pickle"),
}
CALLS = {"eval", "exec", "compile", "__import__"}


def parsed() -> Iterator[tuple[str, ast.AST]]:
    """Yield every node of every module of the package, and the module."""
    for path in sorted((ROOT / "fraudstream").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield str(path.relative_to(ROOT)), node


def imported(node: ast.AST) -> set[str]:
    """Return the packages that a node imports."""
    if isinstance(node, ast.Import):
        return {each.name.partition(".")[0] for each in node.names}
    return {(node.module or "").partition(".")[0]} if isinstance(node, ast.ImportFrom) else set()


def found(kind: str) -> set[tuple[str, str]]:
    """Return where the package imports a loader that is not safe, or calls what runs texts."""
    if kind == "imports":
        return {(path, name) for path, node in parsed() for name in imported(node) & RUNS_OR_RESOLVES}
    return {
        (path, node.func.id)
        for path, node in parsed()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS
    }


def test_no_loader_that_runs_code_is_used() -> None:
    """No pickle from outside, no XML and so no entities, no YAML but the events of ruamel's safe parser."""
    assert found("imports") == ALLOWED


def test_no_text_is_run() -> None:
    """Conditions are parsed to a tree of their own."""
    assert found("calls") == set()


@pytest.mark.parametrize(
    ("source", "names"),
    [("import xml.sax", {"xml"}), ("from pickle import loads", {"pickle"}), ("import json", {"json"})],
)
def test_the_check_itself(source: str, names: set[str]) -> None:
    """It sees both ways to import."""
    assert imported(ast.parse(source).body[0]) == names
