"""The broker that the benchmark runs on: the one that is given, else Apache Kafka, else the embedded one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from fraudstream.stream.embedded import EmbeddedBroker

KAFKA_TOOL = Path(__file__).parents[1] / "deploy" / "kafka" / "kafka.py"
EXIT_NO_RUNTIME = 3


class BrokerStartError(RuntimeError):
    """Apache Kafka could run here and did not start; the message ends with what it said."""


@dataclass(frozen=True)
class Broker:
    """A broker that is up: its address, and what it is."""

    bootstrap: str
    name: str


@contextmanager
def running_broker(given: str | None, directory: Path) -> Iterator[Broker]:
    """Give a broker for the length of the block; its files, if it has any, go into the directory."""
    if given is not None:
        yield Broker(given, "given")
        return
    with ExitStack() as stack:
        stack.callback(_tool, "down", directory)
        started = _tool("up", directory, "--port", "0")
        if started.returncode == 0:
            yield Broker(started.stdout.strip(), "Apache Kafka")
            return
        if started.returncode != EXIT_NO_RUNTIME:
            raise BrokerStartError(f"Apache Kafka did not start: {started.stderr.strip()}")
        embedded = stack.enter_context(EmbeddedBroker())
        yield Broker(embedded.bootstrap, "embedded")


def _tool(command: str, directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, str(KAFKA_TOOL), command, "--dir", str(directory), *options]
    return subprocess.run(line, capture_output=True, text=True, check=False)
