"""Reports say what was seen, as JSON, picture, page and Markdown, and are compared with earlier ones."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from loadtest.load.__main__ import listed, told
from loadtest.load.baseline import BaselineError, check, read, worse_than
from loadtest.load.catalogue import SCENARIOS
from loadtest.load.holding import DRAINED, ONCE
from loadtest.load.report import SAMPLES_MAX, report_of, thinned, write
from loadtest.load.summary import markdown
from tests.unit.loadtest.load.made_runs import SECONDS, run, sample


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """Return the report of a run in which one of two claims failed."""
    slow = replace(run(), drained_s=99.0)
    return report_of("steady", "a <test>", (ONCE, DRAINED), slow, "Apache Kafka")


def changed(report: dict[str, Any], **figures: float) -> dict[str, Any]:
    """Return a report with other figures."""
    other = deepcopy(report)
    other["figures"] |= figures
    return other


def test_a_report_says_what_held_and_where(report: dict[str, Any]) -> None:
    """One failed claim and the whole did not hold; machine and commit are named."""
    assert not report["held"]
    assert [each["held"] for each in report["holds"]] == [True, False]
    assert report["machine"]["broker"].startswith("Apache Kafka 4")
    assert {"cpu", "cores", "memory", "python"} <= report["machine"].keys()
    assert report["commit"]
    assert report["figures"]["within_1s_share"] == pytest.approx(11_990 / 12_000, abs=1e-6)


def test_a_report_is_written_three_times(report: dict[str, Any], tmp_path: Path) -> None:
    """The page holds the picture, escapes what it is told, and needs no other file."""
    compared = {**report, "worse": ["lag_s_max: 1 was, 9 is (9.00x)."]}
    page = write(compared, tmp_path / "new")
    text = page.read_text()
    assert read(page.with_suffix(".json")) == json.loads(json.dumps(compared))
    assert page.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert "data:image/png;base64," in text
    assert "a &lt;test&gt;" in text
    assert "FAILS" in text
    assert "9.00x" in text
    assert "http" not in text.replace("http-equiv", "")


def test_long_runs_are_thinned() -> None:
    """Evenly, and the end stays."""
    samples = [sample(float(second)) for second in range(1, 1_802)]
    kept = thinned(samples)
    assert len(kept) <= SAMPLES_MAX
    assert kept[-1] is samples[-1]
    assert len({later.seconds - each.seconds for each, later in pairwise(kept)}) == 1


def test_the_markdown_names_machine_commit_and_figures(report: dict[str, Any]) -> None:
    """For whoever reads it in the repository."""
    text = markdown(report)
    assert text.startswith("# steady: not all holds\n")
    assert report["machine"]["cpu"] in text
    assert report["commit"] in text
    assert "| **fails** | At most 60 s" in text
    assert "| `messages` | 12,000 |" in text


def test_nothing_is_worse_than_itself(report: dict[str, Any]) -> None:
    """Nor where differences are smaller than clock and page can tell, or figures better."""
    assert worse_than(report, report) == []
    assert worse_than(report, changed(report, lag_s_max=0.4, latency_ms_p50=1.0, events_per_s=9e9)) == []


@pytest.mark.parametrize(
    ("figures", "told_of"),
    [
        ({"events_per_s": 1.0}, "events_per_s"),
        ({"latency_ms_p99": 9_000.0}, "latency_ms_p99"),
        ({"rss_mb_max": 501.0}, "rss_mb_max"),
        ({"lag_s_max": 0.7}, "lag_s_max"),
    ],
)
def test_what_is_worse_is_named(report: dict[str, Any], figures: dict[str, float], told_of: str) -> None:
    """By its name, both values and the ratio."""
    (line,) = worse_than(report, changed(report, **figures))
    assert line.startswith(f"{told_of}: {report['figures'][told_of]:g} was, {figures[told_of]:g} is (")


def test_the_share_decides(report: dict[str, Any]) -> None:
    """A fifth more memory is worse by a tenth, and not by a quarter."""
    more = changed(report, rss_mb_max=480.0)
    assert worse_than(report, more) == []
    assert len(worse_than(report, more, share=0.1)) == 1


def test_only_the_same_is_compared(report: dict[str, Any], tmp_path: Path) -> None:
    """Another scenario, rate or length, or a file that is no report: one message says so."""
    check(report, "steady", 10.0, SECONDS)
    for other in (("burst", 10.0, SECONDS), ("steady", 5.0, SECONDS), ("steady", 10.0, 60.0)):
        with pytest.raises(BaselineError, match="only the same scenario"):
            check(report, *other)
    (tmp_path / "other.json").write_text('{"schema": "x"}')
    for name in ("other.json", "missing.json"):
        with pytest.raises(BaselineError, match="no report"):
            read(tmp_path / name)


def test_tables_have_a_row_for_each(report: dict[str, Any]) -> None:
    """Of the scenarios, and of what must hold."""
    assert listed().row_count == len(SCENARIOS) == 13
    assert told(report).row_count == 2


def test_the_page_of_load_has_every_scenario_and_claim() -> None:
    """docs/load.md says what each does and what must hold, in the words of the code."""
    page = (Path(__file__).parents[4] / "docs" / "load.md").read_text()
    for scenario in SCENARIOS.values():
        assert f"| `{scenario.name}` | {scenario.does} |" in page
        for claim in scenario.holds:
            assert f"| `{claim.name}` | {claim.says} |" in page
