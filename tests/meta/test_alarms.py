"""Alerts read what workers show, are tried with promtool, and lead to a page that says what to do."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, ProcessCollector

from fraudstream.telemetry.limits import LATENCY_SECONDS_BUCKETS
from tests.alarms import (
    ALERTMANAGER,
    OF_A_TARGET,
    PROMETHEUS,
    ROOT,
    RULE_FILES,
    RUNBOOKS,
    TEST_FILES,
    Rule,
    alerts,
    cases,
    known,
    read,
    rules,
)
from tests.integration.prometheus_rig import binary

PARTS = ("**You see**", "**Find out**", "**Do**", "**Harmless when**")
OF_PROCESS = {
    sample.name
    for family in ProcessCollector(registry=CollectorRegistry()).collect()
    for sample in family.samples
}
KNOWN = known() | {name: set[str]() for name in OF_PROCESS}
RECORDED = {rule.name for rule in rules() if not rule.is_alert}
LABELS = OF_A_TARGET | {label for labels in KNOWN.values() for label in labels}


def named(rule: Rule) -> str:
    """Return what tells a rule from all others."""
    return " ".join([rule.name, *(rule.labels[each] for each in ("window",) if each in rule.labels)])


def each_rule(found: list[Rule]) -> list[object]:
    """Return rules as parameters of a test."""
    return [pytest.param(rule, id=named(rule)) for rule in found]


@pytest.mark.parametrize("rule", each_rule(rules()))
def test_every_rule_reads_what_is_there(rule: Rule) -> None:
    """Its metrics and their labels exist; what it reads of others is recorded by them."""
    assert rule.selectors or rule.recorded
    for metric, labels in rule.selectors:
        assert metric in KNOWN
        assert labels <= KNOWN[metric] | OF_A_TARGET
        # Other jobs have the others too.
        assert metric.startswith("fraudstream_") or "job" in labels
    assert rule.recorded <= RECORDED
    assert rule.kept <= LABELS


@pytest.mark.parametrize("rule", each_rule([rule for rule in rules() if not rule.is_alert]))
def test_names_of_what_is_recorded_say_how(rule: Rule) -> None:
    """They are `level:metric:operation`, and somebody reads them."""
    level, metric, operation = rule.name.split(":")
    assert set(level.split("_")) <= LABELS
    assert metric.startswith("fraudstream_")
    assert re.fullmatch(r"(ratio_)?rate\d+[mhd]|max", operation)
    assert any(rule.name in other.recorded for other in rules())


@pytest.mark.parametrize("rule", each_rule(alerts()))
def test_every_alert_says_what_is_wrong_and_where_to_read_on(rule: Rule) -> None:
    """Severity, summary, a sentence with names or figures, and its own page."""
    assert rule.labels["severity"] in ("page", "ticket")
    assert set(rule.labels) <= {"severity", "window"}
    assert set(rule.annotations) == {"summary", "description", "runbook_url"}
    assert rule.annotations["description"].endswith(".")
    assert (ROOT / rule.annotations["runbook_url"]) == RUNBOOKS / f"{rule.name}.md"
    told = set(re.findall(r"\$labels\.(\w+)", " ".join(rule.annotations.values())))
    assert told <= LABELS


def test_every_alert_has_a_page_and_every_page_an_alert() -> None:
    """By the same name, with the same parts; and the table of docs/operating.md has them all."""
    names = {rule.name for rule in alerts()}
    pages = {path.stem: path.read_text(encoding="utf-8") for path in RUNBOOKS.glob("*.md")}
    assert set(pages) == names
    for name, page in pages.items():
        assert page.startswith(f"# {name}\n")
        places = [page.find(part) for part in PARTS]
        assert places == sorted(places)
        assert -1 not in places
    operating = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\(runbooks/(\w+)\.md\)", operating)) == names


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_links_and_metrics_of_a_page_exist(page: Path) -> None:
    """Whoever follows them at night gets there."""
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#]+)", text):
        assert (page.parent / link).is_file(), link
    shown = Rule(page.stem, False, text, {}, {})
    assert {metric for metric, _ in shown.selectors} - {"up"} <= set(KNOWN)
    assert all(labels <= KNOWN[metric] | OF_A_TARGET for metric, labels in shown.selectors)
    assert shown.recorded <= RECORDED


@pytest.mark.parametrize("rule", each_rule(alerts()))
def test_every_alert_is_tried_firing_and_silent(rule: Rule) -> None:
    """In promtool's tests it fires once at least, and once at least it does not."""
    looks = [fired for _, alert, fired in cases() if alert == rule.name]
    fires = [any(rule.labels.items() <= labels.items() for labels in fired) for fired in looks]
    assert any(fires)
    assert not all(fires)


def test_the_objective_of_latency_lies_on_a_bucket() -> None:
    """Else the share of slow events could not be counted."""
    bounds = {
        bound
        for rule in rules()
        for asked in re.findall(r'latency_seconds_bucket\{le=~"([^"]+)"', rule.query)
        for bound in asked.split("|")
    }
    assert bounds == {"1", "1.0"}
    assert 1.0 in LATENCY_SECONDS_BUCKETS


def test_alertmanager_names_alerts_that_exist() -> None:
    """Whoever is kept back, and for whose sake."""
    names = {rule.name for rule in alerts()}
    for inhibition in read(ALERTMANAGER)["inhibit_rules"]:
        for matcher in (*inhibition["source_matchers"], *inhibition["target_matchers"]):
            _, pattern = re.split(r"\s*=~?\s*", matcher)
            assert any(re.fullmatch(pattern.strip('"'), name) for name in names)
            for word in re.findall(r"[A-Z]\w+", pattern.removeprefix('"Fraudstream')):
                assert f"Fraudstream{word}" in names


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["promtool", "check", "config", PROMETHEUS / "prometheus.yml"], id="config"),
        pytest.param(["promtool", "check", "rules", *RULE_FILES], id="rules"),
        *(pytest.param(["promtool", "test", "rules", path], id=path.stem) for path in TEST_FILES),
        pytest.param(["amtool", "check-config", ALERTMANAGER], id="alertmanager"),
    ],
)
def test_the_tools_of_prometheus_find_nothing(command: list[str | Path]) -> None:
    """Files are valid, and every alert fires and is silent when promtool's tests say so."""
    ran = subprocess.run([binary(str(command[0])), *command[1:]], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
