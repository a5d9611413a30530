"""`make load SCENARIO=...`: runs a scenario on a real broker, and says what held."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from fraudstream.stream.embedded import EmbeddedBrokerError
from fraudstream.stream.errors import BrokerError
from loadtest.bench_broker import BrokerStartError
from loadtest.demo_worker import WorkerError
from loadtest.load.baseline import WORSE_SHARE, BaselineError, check, read, worse_than
from loadtest.load.catalogue import SCENARIOS
from loadtest.load.holding import WHOLE, Claim
from loadtest.load.report import Report, report_of, write
from loadtest.load.runner import NotPossibleError, own_folder, run, scene_for

OUT = Path(".load")
SECONDS, RATE, SEED = 60.0, 1_000.0, 7
EXIT_FAILED, EXIT_WORSE, EXIT_STOPPED = 1, 3, 130
FAILURES = (
    AssertionError,
    BaselineError,
    BrokerError,
    BrokerStartError,
    EmbeddedBrokerError,
    NotPossibleError,
    WorkerError,
)


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line asks for; returns the exit code."""
    asked = parsed(arguments)
    console = Console(stderr=asked.json)
    if asked.scenario is None:
        console.print(listed())
        return 0
    # A polite end is an interrupt too: everything that was started is stopped on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _ran(asked, console)
    except KeyboardInterrupt:
        console.print("stopped")
        return EXIT_STOPPED
    except FAILURES as error:
        console.print(f"load: {error}", style="red", markup=False, highlight=False)
        return EXIT_FAILED


def parsed(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="loadtest.load", description=__doc__)
    parser.add_argument("scenario", nargs="?", choices=SCENARIOS, help="without one they are listed")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="default: %(default)s")
    parser.add_argument("--rate", type=float, default=RATE, help="messages/s; default: %(default)s")
    parser.add_argument("--seed", type=int, default=SEED, help="another one has other messages")
    parser.add_argument("--kafka", help="host:port of a cluster of your own")
    parser.add_argument("--baseline", type=Path, help="an earlier report (JSON) to compare with")
    parser.add_argument("--worse", type=float, default=WORSE_SHARE, help="share; default: %(default)s")
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the reports; default: %(default)s")
    parser.add_argument("--json", action="store_true", help="end with one JSON object on a line")
    return parser.parse_args(arguments)


def listed() -> Table:
    """Return a table of all scenarios."""
    caption = f"of all: {_names(WHOLE)}; docs/load.md says what each means"
    table = Table(
        "scenario",
        "what happens",
        "what must hold, besides",
        box=None,
        header_style="bold",
        caption=caption,
        caption_justify="left",
    )
    for each in SCENARIOS.values():
        table.add_row(each.name, each.does, _names(claim for claim in each.holds if claim not in WHOLE))
    return table


def _names(claims: Iterable[Claim]) -> str:
    return ", ".join(claim.name for claim in claims)


def told(report: Report) -> Table:
    """Return a table of what held in a run."""
    figures = report["figures"]
    title = (
        f"{report['scenario']}: {figures['messages']:,} messages, p99 {figures['latency_ms_p99']:g} ms, "
        f"at most {figures['rss_mb_max']:,.0f} MB"
    )
    table = Table(
        "", "what must hold", "seen", title=title, title_justify="left", box=None, header_style="bold"
    )
    for each in report["holds"]:
        mark = "[green]holds[/]" if each["held"] else "[red]FAILS[/]"
        table.add_row(mark, each["says"], each["seen"])
    return table


def _ran(asked: argparse.Namespace, console: Console) -> int:
    scenario = SCENARIOS[asked.scenario]
    baseline = read(asked.baseline) if asked.baseline else None
    if baseline:
        check(baseline, scenario.name, asked.rate, asked.seconds)

    def say(line: str) -> None:
        console.print(line, highlight=False, markup=False)

    with (
        own_folder() as folder,
        scene_for(scenario, asked.kafka, Path(folder), asked.seed, say) as scene,
    ):
        found = run(scenario, scene, asked.seconds, asked.rate, asked.seed)
        report = report_of(scenario.name, scenario.does, scenario.holds, found, scene.broker.name)
    worse = report["worse"] = worse_than(baseline, report, asked.worse) if baseline else []
    page = write(report, asked.out)
    console.print(told(report))
    for line in worse:
        say(f"worse than the baseline: {line}")
    say(f"report: {page}")
    if asked.json:
        print(json.dumps({key: value for key, value in report.items() if key != "samples"}))
    return EXIT_FAILED if not report["held"] else EXIT_WORSE if worse else 0


if __name__ == "__main__":
    sys.exit(main())
