"""The manifests are what Kubernetes takes, let nobody in, and fit topology, code and command line."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from fraudstream.config import load_topology
from fraudstream.config.environment import variable
from fraudstream.config.tree import settings
from fraudstream.stream.worker import STOP_SECONDS_MAX
from tests.certificates import Authority
from tests.deploy.places import DEPLOY, HEALTH_PAGES, PINNED, ROOT, USER, VERSION, document, documents
from tests.meta.test_documented_commands import fault

KUBERNETES = DEPLOY / "kubernetes"
NO_MANIFESTS = {"kustomization.yml", "topology.yml"}
FILES = sorted(path for path in KUBERNETES.rglob("*.yml") if path.name not in NO_MANIFESTS)
MANIFESTS = [each for path in FILES for each in documents(path)]
BUILT_IN = [each for each in MANIFESTS if not re.search(r"\.(sh|com)/", each["apiVersion"])]
OTHERS = {"ScaledObject", "TriggerAuthentication", "ServiceMonitor"}
"""Kinds of KEDA and of the Prometheus Operator, for which there is no schema here."""
TOPOLOGIES = sorted(KUBERNETES.glob("*/topology.yml"))
RELEASES = ("1.31", "1.37")
"""The oldest release that the manifests are held against, and the newest with a schema here."""


def the(kind: str, name: str = "fraudstream") -> Any:
    """Return the only manifest of a kind and a name."""
    (only,) = (each for each in MANIFESTS if (each["kind"], each["metadata"]["name"]) == (kind, name))
    return only


WORKERS = the("StatefulSet")["spec"]
POD = WORKERS["template"]["spec"]
CONTAINERS = [*POD["initContainers"], *POD["containers"]]
LABELS = WORKERS["template"]["metadata"]["labels"]
(WORKER,) = POD["containers"]


@pytest.mark.parametrize("release", RELEASES)
def test_every_manifest_has_the_schema_of_kubernetes(release: str) -> None:
    """Strictly: an unknown field is refused, too."""
    for each in BUILT_IN:
        kubernetes_validate.validate(each, release, strict=True)
    assert {each["kind"] for each in MANIFESTS if each not in BUILT_IN} == OTHERS


def test_the_check_itself() -> None:
    """It finds a misspelt field."""
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**the("PodDisruptionBudget"), "specs": {}}, RELEASES[-1], strict=True)


def test_every_manifest_is_listed() -> None:
    """What no kustomization names is never applied."""
    for folder in {path.parent for path in FILES}:
        wanted = set(document(folder / "kustomization.yml")["resources"]) - {"../base"}
        assert {path.name for path in FILES if path.parent == folder} == wanted


@pytest.mark.parametrize("container", CONTAINERS, ids=lambda each: str(each["name"]))
def test_every_container_is_contained(container: Any) -> None:
    """Not root, no privilege, no writing into its image, and bounded."""
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    for bound in ("requests", "limits"):
        assert {"cpu", "memory", "ephemeral-storage"} <= container["resources"][bound].keys()


def test_the_pod_is_contained() -> None:
    """A fixed user, the runtime's filter of system calls, and no token of Kubernetes."""
    wanted = {"runAsNonRoot": True, "runAsUser": USER, "seccompProfile": {"type": "RuntimeDefault"}}
    assert wanted.items() <= POD["securityContext"].items()
    assert POD["automountServiceAccountToken"] is False
    assert the("ServiceAccount")["automountServiceAccountToken"] is False
    assert the("Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert not {"hostNetwork", "hostPID", "hostIPC"} & POD.keys()


def test_the_image_has_the_version_of_the_project() -> None:
    """In the one place that names it."""
    (image,) = document(KUBERNETES / "base" / "kustomization.yml")["images"]
    assert PINNED.match(f"{image['newName']}:{image['newTag']}")
    assert image["newTag"] == VERSION
    assert {each["image"] for each in CONTAINERS} == {image["name"]}


def test_probes_ask_the_pages_of_the_worker() -> None:
    """Whether it lives decides over its life, whether it is ready does not."""
    asked = {name: each["httpGet"]["path"] for name, each in WORKER.items() if name.endswith("Probe")}
    live, ready = sorted(HEALTH_PAGES)
    assert asked == {"startupProbe": live, "livenessProbe": live, "readinessProbe": ready}
    assert {each["httpGet"]["port"] for name, each in WORKER.items() if name.endswith("Probe")} == {"metrics"}


@pytest.mark.parametrize("path", TOPOLOGIES, ids=lambda path: path.parent.name)
def test_the_ports_agree(path: Path) -> None:
    """Of topology, container, service, policy and monitor."""
    metrics = load_topology(path).metrics
    assert (metrics.host, metrics.port) == ("0.0.0.0", WORKER["ports"][0]["containerPort"])
    assert {port["port"] for port in the("Service")["spec"]["ports"]} == {metrics.port}
    assert the("ServiceMonitor")["spec"]["endpoints"][0]["port"] == WORKER["ports"][0]["name"] == "metrics"


def test_a_drain_is_waited_for() -> None:
    """Longer than a worker takes, and node by node."""
    assert POD["terminationGracePeriodSeconds"] > STOP_SECONDS_MAX
    assert the("PodDisruptionBudget")["spec"]["maxUnavailable"] == 1 < WORKERS["replicas"]


@pytest.mark.parametrize(
    "selector",
    [
        WORKERS["selector"]["matchLabels"],
        the("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        the("Service")["spec"]["selector"],
        the("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        the("ServiceMonitor")["spec"]["selector"]["matchLabels"],
    ],
)
def test_whoever_selects_workers_finds_them(selector: dict[str, str]) -> None:
    """By labels that the pods have."""
    assert selector.items() <= LABELS.items()


def test_nobody_talks_to_anybody_else() -> None:
    """All is denied but Prometheus inwards, and Kafka and DNS outwards."""
    nobody = the("NetworkPolicy", "nobody")["spec"]
    assert nobody == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    allowed = the("NetworkPolicy")["spec"]
    assert [port["port"] for rule in allowed["ingress"] for port in rule["ports"]] == ["metrics"]
    assert [port["port"] for rule in allowed["egress"] for port in rule["ports"]] == [9093, 53, 53]
    assert all(rule["to"] for rule in allowed["egress"])
    assert all(rule["from"] for rule in allowed["ingress"])


@pytest.mark.parametrize("path", TOPOLOGIES, ids=lambda path: path.parent.name)
def test_kafka_is_let_through(path: Path) -> None:
    """Its port in the topology, in the policy and in what KEDA asks is one."""
    bootstrap = load_topology(path).kafka.bootstrap
    assert bootstrap.endswith(":9093")
    (trigger,) = the("ScaledObject")["spec"]["triggers"]
    assert trigger["metadata"]["bootstrapServers"] == bootstrap


@pytest.mark.parametrize("container", CONTAINERS, ids=lambda each: str(each["name"]))
def test_the_command_lines_are_known(container: Any) -> None:
    """As the program has them, with a topology that is mounted there."""
    assert fault("fraudstream", container["args"]) is None
    mounted = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    folder, _, name = container["args"][-1].rpartition("/")
    assert (mounted[folder]["name"], name) == ("topology", "topology.yml")


def test_the_variables_are_settings() -> None:
    """Of the topology, by the names that the environment gives them."""
    named = {each["name"] for each in WORKER["env"] if each["name"].startswith("FRAUDSTREAM_")}
    assert named == {"FRAUDSTREAM_AUDIT"} <= {variable(path) for path in settings()}


def test_workers_share_checkpoints_and_write_nowhere_else() -> None:
    """Whoever takes over finds the state; all that comes from outside is read-only."""
    written = {mount["name"] for mount in WORKER["volumeMounts"] if not mount.get("readOnly")}
    assert written == {"checkpoints", "kernels", "tmp"}
    claim = the("PersistentVolumeClaim", "fraudstream-checkpoints")
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    claimed = [each.get("persistentVolumeClaim") for each in POD["volumes"]]
    assert {"claimName": claim["metadata"]["name"]} in claimed
    assert {mount["name"] for mount in WORKER["volumeMounts"]} == {each["name"] for each in POD["volumes"]}


def test_there_are_no_more_workers_than_stages() -> None:
    """One that reads, one a share, one that judges: more would stand by."""
    topology = load_topology(KUBERNETES / "keyed" / "topology.yml")
    assert topology.keyed is not None
    scaled = the("ScaledObject")["spec"]
    assert scaled["maxReplicaCount"] == topology.keyed.partitions + 2
    assert scaled["scaleTargetRef"]["name"] == "fraudstream"
    assert scaled["triggers"][0]["metadata"]["consumerGroup"] == topology.kafka.group


@pytest.mark.parametrize("path", TOPOLOGIES, ids=lambda path: path.parent.name)
def test_the_topology_fits_where_it_is_mounted(path: Path, tmp_path: Path) -> None:
    """Every secret that it names is in the guide, and is read through the links that Kubernetes makes."""
    guide = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    mounted = tmp_path / "etc"
    named = dict.fromkeys(re.findall(r"\.\./secrets/([\w.-]+)", text), f"{32 * 'ab'}\n")
    named["kafka-ca.pem"] = Authority(tmp_path, "authority").certificate.read_text()
    mount(mounted / "secrets", named)
    mount(mounted / "trust", dict.fromkeys(re.findall(r"\.\./trust/([\w.-]+)", text), "a public key"))
    mount(mounted / "topology", {"topology.yml": text})
    assert [name for name in named if name not in guide] == []
    file = mounted / "topology" / "topology.yml"
    command = [sys.executable, "-m", "fraudstream.cli", "config", "check", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def mount(folder: Path, files: dict[str, str]) -> None:
    """Write files as a mounted ConfigMap or Secret has them: links to links into a folder with a date."""
    held = folder / "..2026_11_29"
    held.mkdir(parents=True)
    (folder / "..data").symlink_to(held.name)
    for name, text in files.items():
        (held / name).write_text(text)
        (folder / name).symlink_to(f"..data/{name}")
