"""One fraudstream worker as a process of its own, watched through its metrics."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.request
from http.client import HTTPException
from pathlib import Path
from types import TracebackType

from loadtest.metrics_page import Metrics, metrics_of

START_SECONDS_MAX = 120
STOP_SECONDS_MAX = 30
_POLL_SECONDS = 0.1
LAST_LINES = 15


class WorkerError(RuntimeError):
    """The worker did not start, or ended too early; the message ends with its last lines."""


class Worker:
    """Runs `fraudstream run` while the block lasts, from another module where one is named."""

    def __init__(
        self, topology: Path, bootstrap: str, metrics_port: int, log: Path, module: str = "fraudstream.cli"
    ) -> None:
        self._command = ["-m", module, "run", "--topology", str(topology), "--kafka", bootstrap]
        self.address = f"127.0.0.1:{metrics_port}"
        """Where it answers, as `host:port`."""
        self._url = f"http://{self.address}/metrics"
        self._log = log

    def __enter__(self) -> Worker:
        self.start()
        deadline = time.monotonic() + START_SECONDS_MAX
        while not self.metrics():
            self.check()
            if time.monotonic() > deadline:
                raise WorkerError(f"no metrics after {START_SECONDS_MAX} s\n{self._tail()}")
            time.sleep(_POLL_SECONDS)
        return self

    def start(self) -> None:
        """Start the process, and do not wait for it to be at work."""
        with self._log.open("wb") as log:
            # A session of its own, so that Ctrl-C reaches the demo alone and the worker ends in good order.
            self._process = subprocess.Popen(
                [sys.executable, *self._command], stdout=log, stderr=log, start_new_session=True
            )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Ask the worker to end in good order; one that does not is killed."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the worker as a power cut would."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """Stop the worker's time."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen worker go on."""
        self._process.send_signal(signal.SIGCONT)

    def code(self) -> int | None:
        """Return the exit code, None while the worker runs."""
        return self._process.poll()

    def check(self) -> None:
        """Raise WorkerError where the worker has ended."""
        if self._process.poll() is not None:
            raise WorkerError(f"the worker ended with code {self._process.returncode}\n{self._tail()}")

    def page(self) -> str:
        """Return the metrics as the worker shows them; empty where it does not answer to the end."""
        try:
            with urllib.request.urlopen(self._url, timeout=5) as answer:
                text: str = answer.read().decode()
        except (OSError, HTTPException):
            return ""
        return text

    def metrics(self) -> Metrics:
        """Return what the worker shows; empty where it does not answer yet."""
        return metrics_of(self.page())

    def _tail(self) -> str:
        """Return what the worker warned of and its last lines, which tell the cause and the end."""
        lines = self._log.read_text(errors="replace").splitlines()
        cut = max(0, len(lines) - LAST_LINES)
        told = [
            line for line in lines[:cut] if " ERROR fraudstream" in line or " WARNING fraudstream" in line
        ]
        return "\n".join([*told[-LAST_LINES:], *lines[cut:]])
