"""The files of one broker, and the questions that can be asked of its port and process."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEFAULT_DIR = HERE.parents[1] / ".kafka"
DEFAULT_PORT = 9092
STOP_SECONDS_MAX = 20


class KafkaError(Exception):
    """What went wrong and what to do about it, in words for the person at the terminal."""


class NoRuntimeError(KafkaError):
    """This machine can run Apache Kafka neither in Docker nor on Java."""


@dataclass(frozen=True)
class State:
    """A directory that holds the files of at most one broker."""

    root: Path

    @property
    def pid(self) -> Path:
        """Process id of the broker, if it runs on Java."""
        return self.root / "kafka.pid"

    @property
    def project(self) -> Path:
        """Name of the Compose project, if it runs in Docker."""
        return self.root / "compose.project"

    @property
    def bootstrap(self) -> Path:
        """`host:port` of the broker, there only while it is up."""
        return self.root / "bootstrap"

    @property
    def properties(self) -> Path:
        """The broker's whole configuration; its path also tells our process from all others."""
        return self.root / "server.properties"

    @property
    def data(self) -> Path:
        """The topics."""
        return self.root / "data"

    @property
    def log(self) -> Path:
        """What the broker said; kept after `down`, replaced by the next `up`."""
        return self.root / "kafka.log"

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of the log, under its name."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n    ".join([f"the end of {self.log}:", *text.splitlines()[-lines:]])

    def own_pid(self) -> int | None:
        """The process that was started here, if it still runs; a reused process id is not taken for it."""
        try:
            pid = int(self.pid.read_text())
        except (OSError, ValueError):
            return None
        return pid if str(self.properties) in command_line(pid) else None

    def stop_process(self) -> None:
        """Ends the process that was started here, and no other: politely, then by force."""
        for demand in (signal.SIGTERM, signal.SIGKILL):
            if (pid := self.own_pid()) is None:
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, demand)
            deadline = time.monotonic() + STOP_SECONDS_MAX
            while self.own_pid() is not None and time.monotonic() < deadline:
                time.sleep(0.05)

    def kill_process(self) -> None:
        """Ends the process that was started here as a power cut would, and no other."""
        if (pid := self.own_pid()) is None:
            raise KafkaError(f"no broker that runs on Java is up in {self.root}")
        os.kill(pid, signal.SIGKILL)
        while self.own_pid() is not None:
            time.sleep(0.01)

    def clear(self) -> None:
        """Removes the data and every file that says a broker is up."""
        for file in (self.bootstrap, self.pid, self.project, self.properties):
            file.unlink(missing_ok=True)
        shutil.rmtree(self.data, ignore_errors=True)


def command_line(pid: int) -> str:
    """The command line of a process; empty if it is gone or only waits to be reaped."""
    if Path("/proc/self/cmdline").exists():
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
        return ""
    ask = ["ps", "-o", "command=", "-p", str(pid)]
    return subprocess.run(ask, capture_output=True, text=True, check=False).stdout


def bound_socket(port: int) -> socket.socket:
    """A socket that holds a loopback port; port 0 takes any free one. Raises OSError where it is taken."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind(("127.0.0.1", port))
    except OSError:
        held.close()
        raise
    return held


def choose_ports(wanted: int | None) -> tuple[int, int]:
    """Ports for clients (the wanted one, else 9092 or, where that is busy, a free one) and the controller."""
    try:
        clients = bound_socket(DEFAULT_PORT if wanted is None else wanted)
    except OSError as error:
        if wanted is not None:
            message = f"port {wanted} on 127.0.0.1 is taken; give another --port, or none to have one chosen"
            raise KafkaError(message) from error
        clients = bound_socket(0)
    # Both are held at once, so that they differ.
    with clients, bound_socket(0) as controller:
        return clients.getsockname()[1], controller.getsockname()[1]


def live_brokers(port: int) -> int:
    """How many brokers the answer to a Metadata request (version 1, no topics) names; 0 for no answer.

    A starting broker answers before its controller lets it serve; only then does it name itself.
    """
    body = struct.pack(">hhihi", 3, 1, 0, -1, 0)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(struct.pack(">i", len(body)) + body)
            answer = connection.makefile("rb").read(12)
    except OSError:
        return 0
    brokers: int = struct.unpack(">iii", answer)[2] if len(answer) == 12 else 0
    return brokers
