"""What the benchmarks that need a broker have in common as commands: options, errors, table and JSON."""

from __future__ import annotations

import argparse
import json
import signal
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

from fraudstream.stream.embedded import EmbeddedBrokerError
from fraudstream.stream.errors import BrokerError
from loadtest.bench_alerts import BenchError
from loadtest.bench_broker import BrokerStartError
from loadtest.bench_load import LoadError
from loadtest.demo_worker import WorkerError

Figures = dict[str, Any]
Say = Callable[[str], None]

_FAILURES = (BenchError, LoadError, WorkerError, BrokerError, BrokerStartError, EmbeddedBrokerError)


def command(
    description: str | None, run: Callable[[str | None, Say], Figures], table_of: Callable[[Figures], Table]
) -> int:
    """Run a benchmark on the broker that the command line names, if any, and return its exit code."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--kafka", help="host:port of a cluster of your own")
    parser.add_argument("--json", action="store_true", help="end with one JSON object on a line")
    asked = parser.parse_args()
    # A polite end is an interrupt too: everything that was started is stopped on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(stderr=asked.json)
    try:
        figures = run(asked.kafka, lambda line: console.print(line, highlight=False))
    except KeyboardInterrupt:
        console.print("stopped")
        return 130
    except _FAILURES as error:
        console.print(f"bench: {error}", style="red", markup=False, highlight=False)
        return 1
    console.print(table_of(figures))
    if asked.json:
        print(json.dumps(figures))
    return 0
