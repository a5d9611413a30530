#!/usr/bin/env python3
"""Starts and stops one Apache Kafka broker on loopback; needs Python's standard library only.

`up` uses Docker where an engine answers, else Java 17 or later with Maven. It prints the bootstrap address
on standard output and leaves it in the file `bootstrap` of its directory. `kill` ends a broker on Java as a
power cut would, and `revive` starts it again on its data and ports.
Exit codes: 0 done; 1 failed; 3 this machine has neither a Docker engine nor Java with Maven.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import in_docker
import on_java
from state import DEFAULT_DIR, KafkaError, NoRuntimeError, State, choose_ports, live_brokers

EXIT_FAILED = 1
EXIT_NO_RUNTIME = 3


def up(state: State, wanted_port: int | None, seconds_max: float, wish: on_java.Wish) -> None:
    """Starts a broker without topics, unless one is up here already, and prints its address."""
    if served_port(state) is None:
        down(state)
        state.root.mkdir(parents=True, exist_ok=True)
        port, controller_port = choose_ports(wanted_port)
        try:
            start(state, port, controller_port, wish)
            wait_until_up(state, port, seconds_max)
        except BaseException:
            down(state)
            raise
        state.bootstrap.write_text(f"127.0.0.1:{port}\n")
    print(state.bootstrap.read_text().strip())


def start(state: State, port: int, controller_port: int, wish: on_java.Wish) -> None:
    """Starts the broker in Docker if it can, else on Java; with wishes always on Java."""
    version = on_java.kafka_version()
    if not wish and in_docker.engine_answers():
        say(f"starting Apache Kafka {version} in Docker, which pulls its image the first time ...")
        in_docker.start(state, port)
    else:
        java = on_java.find_java()
        say(f"starting Apache Kafka {version} on Java, for which Maven fetches its jars the first time ...")
        on_java.start(state, java, port, controller_port, wish)


def revive(state: State, seconds_max: float) -> None:
    """Starts a broker that was killed again, on its data and ports."""
    if state.own_pid() is not None or not state.bootstrap.exists():
        raise KafkaError(f"no broker was killed in {state.root}")
    on_java.launch(state, on_java.find_java())
    wait_until_up(state, int(state.bootstrap.read_text().rpartition(":")[2]), seconds_max)


def wait_until_up(state: State, port: int, seconds_max: float) -> None:
    """Polls until the broker serves; one that ended, or takes too long, is an error with its log."""
    deadline = time.monotonic() + seconds_max
    while not live_brokers(port):
        if state.pid.exists() and state.own_pid() is None:
            raise KafkaError(f"Kafka ended while it started; {state.log_tail()}")
        if time.monotonic() > deadline:
            in_docker.fetch_log(state)
            raise KafkaError(f"Kafka did not answer within {seconds_max:g} s; {state.log_tail()}")
        time.sleep(0.1)


def served_port(state: State) -> int | None:
    """The port of the broker that was started here and answers, or None."""
    if not state.bootstrap.exists() or (state.own_pid() is None and not state.project.exists()):
        return None
    port = int(state.bootstrap.read_text().rpartition(":")[2])
    return port if live_brokers(port) else None


def down(state: State) -> None:
    """Stops what `up` started here and removes its data; where nothing is up, does nothing."""
    state.stop_process()
    in_docker.stop(state)
    state.clear()


def status(state: State) -> None:
    """Prints the address and the kind of the broker that is up here; an error where none is."""
    port = served_port(state)
    if port is None:
        raise KafkaError(f"no broker is up in {state.root}; `{sys.argv[0]} up` starts one")
    where = "in Docker" if state.project.exists() else f"on Java, process {state.own_pid()}"
    print(f"127.0.0.1:{port} Apache Kafka {on_java.kafka_version()} {where}")


def say(message: str) -> None:
    """A line for the person who waits; standard output carries nothing but the answer."""
    print(f"kafka: {message}", file=sys.stderr)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="One Apache Kafka broker on loopback")
    parser.add_argument("command", choices=["up", "down", "status", "kill", "revive"])
    parser.add_argument("--port", type=int, help="default: 9092, or a free one where that is busy; 0: any")
    parser.add_argument("--dir", type=Path, default=DEFAULT_DIR, help="of its files; default: %(default)s")
    parser.add_argument("--timeout", type=float, default=90, metavar="SECONDS", help="of `up`; default: 90")
    parser.add_argument(
        "--proxied",
        nargs=2,
        type=int,
        metavar=("PORT", "ADVERTISED"),
        help="a second port, and that of the proxy in front of it (Java only)",
    )
    parser.add_argument(
        "--properties",
        type=Path,
        metavar="FILE",
        help="more of server.properties; its listeners are added to the one here (Java only)",
    )
    return parser.parse_args()


def main() -> int:
    """Runs one command; returns the exit code."""
    arguments = parse_arguments()
    state = State(arguments.dir.resolve())
    try:
        if arguments.command == "up":
            proxied = on_java.Proxied(*arguments.proxied) if arguments.proxied else None
            up(state, arguments.port, arguments.timeout, on_java.Wish(proxied, arguments.properties))
        elif arguments.command == "down":
            down(state)
        elif arguments.command == "kill":
            state.kill_process()
        elif arguments.command == "revive":
            revive(state, arguments.timeout)
        else:
            status(state)
    except KafkaError as error:
        say(str(error))
        return EXIT_NO_RUNTIME if isinstance(error, NoRuntimeError) else EXIT_FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
