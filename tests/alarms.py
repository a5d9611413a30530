"""The rules for Prometheus as the tests see them, and the metrics that they may read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
PROMETHEUS = ROOT / "deploy" / "prometheus"
ALERTMANAGER = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
RUNBOOKS = ROOT / "docs" / "runbooks"
RULE_FILES = sorted((PROMETHEUS / "rules").glob("*.yml"))
TEST_FILES = sorted((PROMETHEUS / "tests").glob("*.yml"))
OF_A_TARGET = {"job", "instance"}

_ROW = re.compile(r"^\| `(fraudstream_\w+)` \| (\w+) \| ([^|]*) \|", re.MULTILINE)
_METRIC = re.compile(r"\b((?:fraudstream_|process_)\w+|up\b)(?:\{([^}]*)\})?")
_RECORDED = re.compile(r"\b\w+:\w+:\w+\b")
_KEPT = re.compile(r"\b(?:by|on) \(([^)]*)\)")


class Rule(NamedTuple):
    """One rule: an alert, or a query that is recorded under a name."""

    name: str
    is_alert: bool
    query: str
    labels: dict[str, str]
    annotations: dict[str, str]

    @property
    def selectors(self) -> list[tuple[str, set[str]]]:
        """The metrics of workers that it reads, and the labels that each is asked for."""
        own = _RECORDED.sub("", self.query)
        return [(name, set(re.findall(r"(\w+)\s*[=!]", asked))) for name, asked in _METRIC.findall(own)]

    @property
    def recorded(self) -> set[str]:
        """The names of what is recorded that it reads."""
        return set(_RECORDED.findall(self.query))

    @property
    def kept(self) -> set[str]:
        """The labels that it adds up or matches by."""
        return {label for group in _KEPT.findall(self.query) for label in group.split(", ")}


def read(path: Path) -> Any:
    """Return what a YAML file says."""
    return YAML(typ="safe").load(path)


def rules() -> list[Rule]:
    """Return all rules."""
    return [
        Rule(
            each.get("alert") or each["record"],
            "alert" in each,
            each["expr"],
            each.get("labels", {}),
            each.get("annotations", {}),
        )
        for path in RULE_FILES
        for group in read(path)["groups"]
        for each in group["rules"]
    ]


def alerts() -> list[Rule]:
    """Return the rules that alert."""
    return [rule for rule in rules() if rule.is_alert]


def known() -> dict[str, set[str]]:
    """Return the labels of every series that a worker shows, by name, as docs/metrics.md has them."""
    found = {"up": set[str]()}
    for name, kind, labels in _ROW.findall((ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")):
        own = set(re.findall(r"`(\w+)`", labels))
        if kind == "histogram":
            found |= {f"{name}_sum": own, f"{name}_count": own, f"{name}_bucket": own | {"le"}}
        else:
            found[name] = own
    return found


def questions() -> list[str]:
    """Return the queries that the runbooks have an operator ask Prometheus."""
    pages = [path.read_text(encoding="utf-8") for path in sorted(RUNBOOKS.glob("*.md"))]
    blocks = [
        block for page in pages for block in re.findall(r"^```\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    ]
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if not line.startswith(("fraudstream ", "curl "))]


def quick(folder: Path) -> list[Path]:
    """Copy the rule files into a folder, with alerts that wait for a second, and return the copies."""
    copies = []
    for path in RULE_FILES:
        text = re.sub(r"^( +for:) .*$", r"\1 1s", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        copies.append(folder / path.name)
        copies[-1].write_text(re.sub(r"^ +interval: .*\n", "", text, flags=re.MULTILINE))
    return copies


def cases() -> Iterator[tuple[str, str, list[dict[str, str]]]]:
    """Yield for every look of promtool's tests: the file, the alert, and the labels of those that fire."""
    for path in TEST_FILES:
        for test in read(path)["tests"]:
            for look in test["alert_rule_test"]:
                labels = [each["exp_labels"] for each in look["exp_alerts"]]
                yield path.name, look["alertname"], labels
