"""Measures the peers that read from Kafka: aiokafka alone, a Faust app and a Quix Streams app."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from loadtest.bench_alerts import AlertReader, BenchError

PEER_WARM_UP = 1_000
PEER_SECONDS = 15.0
START_SECONDS_MAX = 90.0
STOP_SECONDS_MAX = 20.0

Rates = dict[str, float]

WINDOWS = {
    "faust_per_event": ("hopping", "tumbling"),
    "quix_windows": ("sliding", "hopping"),
}
"""The peers by module, and the kinds of windows that each is run with."""


def raw_consumer_events_per_s(bootstrap: str, topic: str) -> float:
    """Return how fast aiokafka alone reads a topic, in a process of its own as a worker is."""
    line = [sys.executable, "-m", "loadtest.bench_raw", "--kafka", bootstrap, "--topic", topic]
    read = subprocess.run(line, capture_output=True, text=True, check=False, timeout=START_SECONDS_MAX)
    if read.returncode:
        raise BenchError(f"aiokafka alone could not read {topic}\n{read.stderr[-1_000:]}")
    return float(read.stdout)


def peer_events_per_s(bootstrap: str, name: str, folder: Path, say: Callable[[str], None]) -> Rates:
    """Return the rate of every peer by its module and kind of windows, on the topic `name`.events."""
    rates = {}
    for module, kinds in WINDOWS.items():
        for kind in kinds:
            say(f"{module}, {kind} windows ...")
            peer = f"{module}_{kind}"
            alerts = alert_topic(name, module, kind)
            topics = ["--kafka", bootstrap, "--input", f"{name}.events", "--alerts", alerts]
            options = [*topics, "--group", f"{name}-{peer}", "--windows", kind]
            rates[peer] = _events_per_s(module, options, bootstrap, alerts, folder / peer)
    return rates


def alert_topic(name: str, module: str, kind: str) -> str:
    """Return the name of the topic that a peer writes."""
    return f"{name}.{module}-{kind}-alerts"


def _events_per_s(module: str, options: Sequence[str], bootstrap: str, alerts: str, folder: Path) -> float:
    """Run a peer in a folder of its own, and return its rate between two alerts."""
    folder.mkdir()
    log = folder / "log"
    line = [sys.executable, "-m", f"loadtest.peers.{module}", *options, "--folder", str(folder)]
    with log.open("wb") as out:
        # A session of its own, so that Ctrl-C reaches only the one who stops it.
        peer = subprocess.Popen(line, stdout=out, stderr=out, start_new_session=True)

    def check() -> None:
        if peer.poll() is not None:
            tail = log.read_text(errors="replace")[-1_000:]
            raise BenchError(f"{module} ended with code {peer.returncode}\n{tail}")

    try:
        with AlertReader(bootstrap, alerts, check) as reader:
            reader.read_until(PEER_WARM_UP, START_SECONDS_MAX)
            reader.read_for(PEER_SECONDS)
            return reader.log.events_per_s(PEER_WARM_UP, reader.log.offsets[-1])
    finally:
        _stop(peer)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
