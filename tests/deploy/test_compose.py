"""What deploy/compose.yml starts is contained, pinned, and fits the topology and the command line."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fraudstream.config import load_topology
from fraudstream.stream.worker import STOP_SECONDS_MAX
from loadtest.send import parsed
from tests.deploy.places import DEPLOY, PINNED, ROOT, USER, VERSION, document
from tests.meta.test_documented_commands import fault

COMPOSE: dict[str, Any] = document(DEPLOY / "compose.yml")
SERVICES: dict[str, Any] = COMPOSE["services"]
OWN = {name: each for name, each in SERVICES.items() if each["image"].startswith("fraudstream:")}
WORKERS = [name for name in OWN if name.startswith("worker")]
WRITES_ITS_ROOT = {"kafka"}
"""Its start writes settings into its image."""
RUNS_AS_ITS_IMAGE_SAYS = {"kafka"}
"""Its image has a user that is not root."""
TOPOLOGY = DEPLOY / "compose" / "topology.yml"


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_contained(name: str) -> None:
    """Not root, nothing gained, nothing written but into volumes, and bounded."""
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert service.get("read_only", False) or name in WRITES_ITS_ROOT
    assert service.get("user", "0").split(":")[0] != "0" or name in RUNS_AS_ITS_IMAGE_SAYS
    assert {"cpus", "memory", "pids"} <= service["deploy"]["resources"]["limits"].keys()


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_has_a_version(name: str) -> None:
    """None changes under a deployment; our own have the version of the project."""
    image = SERVICES[name]["image"]
    assert PINNED.match(image)
    assert not image.startswith("fraudstream") or image.endswith(f":{VERSION}")


@pytest.mark.parametrize("name", SERVICES)
def test_whoever_keeps_running_tells_how_it_is(name: str) -> None:
    """A container that ends by itself needs no health; our image has a check of its own."""
    service = SERVICES[name]
    ends = service.get("restart") == "no"
    assert ends or "healthcheck" in service or name in WORKERS


def test_nothing_answers_beyond_this_machine() -> None:
    """Published ports are on loopback, and what watches is in no network with Kafka."""
    ports = [port for each in SERVICES.values() for port in each.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    reached = {name for name, each in SERVICES.items() if "stream" in each["networks"]}
    assert reached == {"kafka", "topics", "traffic", *WORKERS}


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_is_there(name: str) -> None:
    """Files of this directory are mounted read-only; volumes are declared."""
    for mount in SERVICES[name].get("volumes", ()):
        source, *rest = mount.split(":")
        if source.startswith("."):
            assert rest[1:] == ["ro"]
            if not (DEPLOY / Path(source).parts[0]).exists():
                pytest.skip(f"deploy/{Path(source).parts[0]} is not there yet")
            assert (DEPLOY / source).exists()
        else:
            assert source in COMPOSE["volumes"]


def test_secrets_come_from_files() -> None:
    """No variable holds one."""
    assert COMPOSE["secrets"] == {"grafana-password": {"file": "./secrets/grafana-password"}}
    for service in SERVICES.values():
        named = [key for key in service.get("environment", {}) if "PASSWORD" in key or "TOKEN" in key]
        assert all(key.endswith("__FILE") for key in named)


@pytest.mark.parametrize("name", OWN)
def test_the_command_lines_are_known(name: str) -> None:
    """As the program has them, with a topology that is mounted there."""
    command = OWN[name]["command"]
    assert fault("fraudstream", command) is None
    assert any(mount.split(":")[1] == command[-1] for mount in OWN[name]["volumes"])


def test_the_traffic_goes_where_workers_read() -> None:
    """To the broker of the topology, with the words that the sender takes."""
    asked = parsed([re.sub(r"\$\{\w+:-(\d+)\}", r"\1", word) for word in SERVICES["traffic"]["command"]])
    topology = load_topology(TOPOLOGY)
    assert (asked.kafka, asked.topic) == (topology.kafka.bootstrap, topology.input.topic)


def test_two_workers_share_their_state_and_are_read() -> None:
    """One volume of checkpoints, where the topology says; Prometheus names each with the topology's port."""
    topology = load_topology(TOPOLOGY)
    assert topology.checkpoints is not None
    assert len(WORKERS) == 2
    for name in WORKERS:
        assert f"checkpoints:{topology.checkpoints.url}" in OWN[name]["volumes"]
        assert OWN[name]["user"] == f"{USER}:{USER}"
        assert float(OWN[name]["stop_grace_period"].removesuffix("s")) > STOP_SECONDS_MAX
    (read,) = document(DEPLOY / "compose" / "workers.yml")
    assert read["targets"] == [f"{name}:{topology.metrics.port}" for name in WORKERS]
    assert topology.metrics.host == "0.0.0.0"


def test_the_topology_fits(tmp_path: Path) -> None:
    """With the rule directory beside it, as it is mounted."""
    (tmp_path / "rules").symlink_to(ROOT / "rules")
    (tmp_path / "topology.yml").write_bytes(TOPOLOGY.read_bytes())
    command = [sys.executable, "-m", "fraudstream.cli", "config", "check", str(tmp_path / "topology.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
