"""Apache Kafka on this machine's Java, with the jars that Maven copies once."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from state import DEFAULT_DIR, HERE, KafkaError, NoRuntimeError, State

POM = HERE / "pom.xml"
JAVA_MAJOR_MIN = 17
CLUSTER_ID = "fraudstreamOnLoopbackA"


class Proxied(NamedTuple):
    """A second port of the broker, and that of the proxy in front of it, which is advertised."""

    port: int
    advertised_port: int


class Wish(NamedTuple):
    """What a broker has beyond its one port for clients.

    `properties` is a file in the broker's own words. What it says of `listeners` is added to the broker's
    own, all else goes before what server.properties says.
    """

    proxied: Proxied | None = None
    properties: Path | None = None

    def __bool__(self) -> bool:
        return any(self)


def find_java() -> str:
    """Path of a Java that is new enough: JAVA_HOME's first, then the PATH's. Raises NoRuntimeError."""
    candidates = [f"{os.environ['JAVA_HOME']}/bin/java"] if os.environ.get("JAVA_HOME") else []
    for candidate in [*candidates, "java"]:
        java = shutil.which(candidate)
        if java is not None and java_major(java) >= JAVA_MAJOR_MIN:
            return java
    raise NoRuntimeError(
        f"Apache Kafka needs a running Docker engine, or Java {JAVA_MAJOR_MIN} or later and Maven.\n"
        "Start Docker, or install both: `apt-get install openjdk-17-jre-headless maven` (Debian, Ubuntu), "
        "`brew install openjdk maven` (macOS)"
    )


def java_major(java: str) -> int:
    """The feature release of a Java program, such as 17; 0 if it does not say."""
    answer = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    version = re.search(r'version "(\d+)', answer.stderr)
    return int(version[1]) if version else 0


def kafka_version() -> str:
    """The version of Apache Kafka that pom.xml pins."""
    version = re.search(r"<kafka\.version>(.+)</kafka\.version>", POM.read_text())
    if version is None:
        raise KafkaError(f"{POM} names no kafka.version")
    return version[1]


def resolve_jars() -> Path:
    """The directory of Kafka's jars, which Maven fills once; it appears whole or not at all.

    Its name depends on pom.xml, so another pin has another directory and nothing goes stale.
    """
    jars = DEFAULT_DIR / f"jars-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"
    DEFAULT_DIR.mkdir(exist_ok=True)
    # Two at once would have Maven write the same files of its own repository.
    with (DEFAULT_DIR / "fetching").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not jars.is_dir():
            with tempfile.TemporaryDirectory(dir=DEFAULT_DIR, prefix="fetch-") as scratch:
                fresh = Path(scratch) / "jars"
                copy_jars(fresh)
                fresh.rename(jars)
    return jars


def copy_jars(target: Path) -> None:
    """Has Maven copy Kafka and all that it needs at run time."""
    maven = shutil.which("mvn")
    if maven is None:
        raise NoRuntimeError(
            "Java is here, but Maven (mvn), which fetches Kafka once, is not.\n"
            "Install it: `apt-get install maven` (Debian, Ubuntu), `brew install maven` (macOS)"
        )
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={target}"]
    command = [maven, "-B", "-q", "-f", str(POM), *goal]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise KafkaError(f"Maven could not fetch Kafka. Can it reach Maven Central?\n{done.stdout}")


def write_properties(state: State, port: int, controller_port: int, wish: Wish) -> None:
    """Adds this broker's addresses and data directory, and what was wished for, to server.properties."""
    wished = read_properties(wish.properties)
    clients = [f"PLAINTEXT://127.0.0.1:{port}", *filter(None, [wished.pop("listeners", "")])]
    advertised = list(clients)
    if wish.proxied is not None:
        clients.append(f"PROXIED://127.0.0.1:{wish.proxied.port}")
        advertised.append(f"PROXIED://127.0.0.1:{wish.proxied.advertised_port}")
    own = {
        "listeners": ",".join([*clients, f"CONTROLLER://127.0.0.1:{controller_port}"]),
        "advertised.listeners": ",".join(advertised),
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "log.dirs": str(state.data),
    }
    shared = (HERE / "server.properties").read_text()
    # Of a key that stands twice the last one counts.
    added = {**wished, **own}
    state.properties.write_text(shared + "".join(f"{key}={value}\n" for key, value in added.items()))


def read_properties(file: Path | None) -> dict[str, str]:
    """The keys and values of a properties file, one a line; none where no file is given."""
    lines = [] if file is None else file.read_text().splitlines()
    pairs = [line.partition("=") for line in lines if line.strip() and not line.startswith("#")]
    return {key.strip(): value.strip() for key, _, value in pairs}


def start(state: State, java: str, port: int, controller_port: int, wish: Wish) -> None:
    """Formats an empty data directory and starts the broker, detached from this process."""
    write_properties(state, port, controller_port, wish)
    tool = ["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(state.properties)]
    with state.log.open("wb") as log:
        if subprocess.run([*program(java), *tool], stdout=log, stderr=log, check=False).returncode != 0:
            raise KafkaError(f"Kafka could not format {state.data}; {state.log_tail()}")
    launch(state, java)


def launch(state: State, java: str) -> None:
    """Starts the broker on what its directory holds, detached from this process."""
    with state.log.open("ab") as log:
        broker = subprocess.Popen(
            [*program(java), "kafka.Kafka", str(state.properties)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    state.pid.write_text(f"{broker.pid}\n")
    # A process shows its command line a moment after it has started.
    while broker.poll() is None and state.own_pid() is None:
        time.sleep(0.01)


def program(java: str) -> list[str]:
    """The command line of Java with Kafka's jars, up to the class to run."""
    logging = f"-Dlog4j2.configurationFile={HERE / 'log4j2.yaml'}"
    # Java's second compiler takes half a core for minutes, which tests and benchmarks need themselves.
    quick = "-XX:TieredStopAtLevel=1"
    return [java, "-Xmx512m", quick, logging, "-cp", f"{resolve_jars()}/*"]
