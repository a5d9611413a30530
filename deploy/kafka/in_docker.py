"""Apache Kafka in Docker: the broker of deploy/compose.yml, as one Compose project a state directory."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess

from state import DEFAULT_PORT, HERE, STOP_SECONDS_MAX, KafkaError, State

COMPOSE_FILE = HERE.parent / "compose.yml"
ANSWER_SECONDS_MAX = 20


def engine_answers() -> bool:
    """Whether a Docker engine with Compose is really there; the client alone does not help."""
    return shutil.which("docker") is not None and succeeds("info") and succeeds("compose", "version")


def succeeds(*arguments: str) -> bool:
    """Whether a docker command ends well, and soon."""
    command = ["docker", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=ANSWER_SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def compose(state: State, *arguments: str, port: int = DEFAULT_PORT) -> None:
    """Runs `docker compose` on this broker's project; what it prints goes to the log."""
    project = state.project.read_text().strip()
    command = ["docker", "compose", "-f", str(COMPOSE_FILE), "-p", project, *arguments]
    environment = {**os.environ, "KAFKA_PORT": str(port)}
    with state.log.open("ab") as log:
        done = subprocess.run(command, stdout=log, stderr=log, env=environment, check=False)
    if done.returncode != 0:
        raise KafkaError(f"`{' '.join(command)}` failed; {state.log_tail()}")


def start(state: State, port: int) -> None:
    """Starts the broker; the first time, Docker pulls its image."""
    state.log.unlink(missing_ok=True)
    state.project.write_text(f"fraudstream-{hashlib.sha256(str(state.root).encode()).hexdigest()[:8]}\n")
    compose(state, "up", "--detach", "kafka", port=port)


def fetch_log(state: State) -> None:
    """Adds the end of the container's log to this broker's, if it was started here."""
    if state.project.exists():
        compose(state, "logs", "--no-color", "--tail", "20", "kafka")


def stop(state: State) -> None:
    """Removes the broker's container and network, if it was started here."""
    if state.project.exists():
        compose(state, "down", "--volumes", "--timeout", str(STOP_SECONDS_MAX))
