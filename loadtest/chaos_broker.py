"""A broker that can be hurt: killed and started again, and cut off from the workers behind its proxy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fraudstream.stream.embedded import free_port
from loadtest.bench_broker import EXIT_NO_RUNTIME, KAFKA_TOOL, BrokerStartError, running_broker
from loadtest.proxy import Proxy


class ChaosBroker:
    """Apache Kafka on this machine's Java.

    Attributes
    ----------
    bootstrap
        Its own address.
    proxy
        What stands in front of its second address, `proxied`.
    """

    name = "Apache Kafka"

    def __init__(self, directory: Path, bootstrap: str, proxy: Proxy) -> None:
        self._directory = directory
        self.bootstrap = bootstrap
        self.proxy = proxy
        self.proxied = f"127.0.0.1:{proxy.port}"

    def kill(self) -> None:
        """End it as a power cut would; its data stays."""
        _tool("kill", self._directory)

    def revive(self) -> None:
        """Start it again, and return once it serves."""
        _tool("revive", self._directory)


class UnhurtBroker:
    """Another broker, for want of Java."""

    proxied = None

    def __init__(self, bootstrap: str, name: str) -> None:
        self.bootstrap, self.name = bootstrap, name


@contextmanager
def chaos_broker(directory: Path) -> Iterator[ChaosBroker | UnhurtBroker]:
    """Give a broker for the length of the block, one that can be hurt where Java is; BrokerStartError."""
    port = free_port()
    with Proxy(port) as proxy:
        try:
            options = ("--port", "0", "--proxied", str(port), str(proxy.port))
            started = _tool("up", directory, *options)
            if started.returncode != EXIT_NO_RUNTIME:
                yield ChaosBroker(directory, started.stdout.strip(), proxy)
                return
        finally:
            _tool("down", directory)
    with running_broker(None, directory) as other:
        yield UnhurtBroker(other.bootstrap, other.name)


def _tool(command: str, directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run deploy/kafka/kafka.py; BrokerStartError with what it said, save where it wants another runtime."""
    line = [sys.executable, str(KAFKA_TOOL), command, "--dir", str(directory), *options]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode not in (0, EXIT_NO_RUNTIME):
        raise BrokerStartError(f"`kafka.py {command}`: {done.stderr.strip()}")
    return done
