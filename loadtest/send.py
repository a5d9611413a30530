"""Sends labelled traffic into a topic that is there, once: `python -m loadtest.send --kafka HOST:PORT`."""

from __future__ import annotations

import argparse
import json
import signal
import sys

from loadtest.demo_traffic import Sender
from loadtest.traffic import generate

STOPPED = 130


def parsed(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kafka", required=True, help="host:port of the cluster")
    parser.add_argument("--topic", default="fraudstream.events", help="default: %(default)s")
    parser.add_argument("--events", type=int, default=500_000, help="at least 1000; default: %(default)s")
    parser.add_argument("--rate", type=int, default=200, help="events per second, 0 = as fast as it goes")
    parser.add_argument("--seed", type=int, default=7, help="another one has other events, with other ids")
    return parser.parse_args(arguments)


def main() -> int:
    """Send everything, and print how much that was; returns the exit code."""
    asked = parsed()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sender = Sender(asked.kafka, asked.topic, generate(asked.events, asked.seed), asked.rate)
    sender.go.set()
    sender.start()
    try:
        sender.join()
    except KeyboardInterrupt:
        sender.stop()
        return STOPPED
    if sender.error is not None:
        print(f"send: {asked.kafka}: {sender.error}", file=sys.stderr)
        return 1
    print(json.dumps({"topic": asked.topic, "sent": sender.sent}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
