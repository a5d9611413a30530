"""What is told of a run: figures, what held, and every second; as JSON, as a picture and as one HTML page."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from fraudstream.workbench.page_parts import document, figure, section, table
from loadtest.load.holding import OBJECTIVE_SECONDS, Claim, memory_mb_per_h
from loadtest.load.machine import commit, machine
from loadtest.load.observed import Run, Sample, quantile_ms, share_within, total_letters
from loadtest.load.plots import draw

SCHEMA = "fraudstream.load/v1"
Report = dict[str, Any]
SAMPLES_MAX = 300
"""In a report: more make it large, and the picture no better."""


def report_of(name: str, does: str, claims: Sequence[Claim], run: Run, broker: str) -> Report:
    """Return the report of a run."""
    findings = [(claim, claim.check(run)) for claim in claims]
    return {
        "schema": SCHEMA,
        "scenario": name,
        "does": does,
        "held": all(finding.held for _, finding in findings),
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine(broker),
        "rate_per_s": run.events_per_s,
        "asked_s": run.asked_s,
        "holds": [{"name": claim.name, "says": claim.says, **asdict(found)} for claim, found in findings],
        "figures": figures(run),
        "samples": [_rounded(asdict(sample)) for sample in thinned(run.samples)],
    }


def thinned(samples: Sequence[Sample]) -> list[Sample]:
    """Return at most `SAMPLES_MAX` samples, evenly chosen, the last one among them."""
    every = -(-len(samples) // SAMPLES_MAX)
    return [*samples[::-1][:: max(1, every)]][::-1]


def _rounded(sample: Mapping[str, Any]) -> dict[str, Any]:
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in sample.items()}


def figures(run: Run) -> dict[str, float]:
    """Return the figures of a run that can be compared with another's."""
    last, seconds = run.samples[-1], run.seconds + run.drained_s
    return {
        "messages": run.sent,
        "seconds": round(run.seconds, 1),
        "events_per_s": round(last.events / seconds, 1),
        "latency_ms_p50": round(quantile_ms(run.latency, 0.5) or 0.0, 1),
        "latency_ms_p99": round(quantile_ms(run.latency, 0.99) or 0.0, 1),
        "within_1s_share": round(share_within(run.latency, OBJECTIVE_SECONDS), 6),
        "lag_s_max": round(max(each.lag_s for each in run.samples), 2),
        "drained_s": round(run.drained_s, 2),
        "rss_mb_max": round(max(each.rss_mb for each in run.samples), 1),
        "memory_mb_per_h": round(memory_mb_per_h(run), 1),
        "batch_events": round(last.batch_events, 1),
        "alerts": last.alerts,
        "duplicates": last.duplicates,
        "late": last.late,
        "dead_letters": total_letters(last.dead_letters),
        "checkpoints": last.checkpoints,
        "checkpoint_errors": last.checkpoint_errors,
    }


def write(report: Report, folder: Path) -> Path:
    """Write NAME.json, NAME.png and NAME.html into a folder; return the page."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / str(report["scenario"])
    stem.with_suffix(".json").write_text(json.dumps(report) + "\n")
    draw(report, stem.with_suffix(".png"))
    page = stem.with_suffix(".html")
    page.write_text(page_of(report, stem.with_suffix(".png").read_bytes()))
    return page


def page_of(report: Report, png: bytes) -> str:
    """Return the page of a report with its picture in it."""
    picture = f'<img alt="the run over time" style="width:100%" src="{_data_url(png)}">'
    told = {"commit": report["commit"], **report["machine"], "made at": report["made_at"]}
    holds = [(_mark(each), each["says"], each["seen"]) for each in report["holds"]]
    body = [
        f"<h1>{escape(report['scenario'])}: {'all holds' if report['held'] else 'not all holds'}</h1>",
        f"<p>{escape(report['does'])}; {report['rate_per_s']:,.0f} messages/s</p>",
        section("What must hold", "", table("", [("", False), ("claim", False), ("seen", False)], holds)),
        section("The run", "The workers together, each second.", figure(picture)),
        section("Figures", "", table("", [("figure", False), ("", True)], _told(report["figures"]))),
        section("Where", "", table("", [("", False), ("", False)], told.items())),
    ]
    if report.get("worse"):
        body.insert(2, section("Worse than the baseline", " ".join(report["worse"]), ""))
    return document("en", f"load: {report['scenario']}", "".join(body))


def _told(found: Mapping[str, float]) -> list[tuple[str, str]]:
    return [(name, f"{value:,g}") for name, value in found.items()]


def _mark(each: Mapping[str, Any]) -> str:
    return "holds" if each["held"] else "FAILS"


def _data_url(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
