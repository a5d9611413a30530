"""A real Prometheus that scrapes what a test runs, and that a test asks."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from fraudstream.stream.embedded import free_port
from loadtest.waiting import until
from tests.integration.broker import IN_CI

JOB = "fraudstream"
STOP_SECONDS_MAX = 20


class Sample(NamedTuple):
    """One series of an answer: its labels, and its value now."""

    labels: dict[str, str]
    value: float


class Prometheus:
    """One that runs, asked through its HTTP API."""

    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, expression: str) -> list[Sample]:
        """Return what an expression gives now. Raises AssertionError where Prometheus refuses it."""
        answer = self._get(f"query?query={quote(expression)}")
        if answer["resultType"] == "scalar":
            return [Sample({}, float(answer["result"][1]))]
        return [Sample(each["metric"], float(each["value"][1])) for each in answer["result"]]

    def targets(self) -> list[dict[str, Any]]:
        """Return what is scraped, as the API has it: `labels`, `health` (up, down, unknown), `lastError`.

        Empty for the first moments after the start.
        """
        found: list[dict[str, Any]] = self._get("targets?state=active")["activeTargets"]
        return found

    def rules(self) -> list[dict[str, Any]]:
        """Return all rules, as the API has them: `name`, `type`, `health` (ok, err, unknown), `lastError`."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def alerts(self) -> list[dict[str, Any]]:
        """Return what is pending or fires, as the API has it: `labels`, `annotations`, `state`."""
        found: list[dict[str, Any]] = self._get("alerts")["alerts"]
        return found

    def is_ready(self) -> bool:
        """Whether it answers questions."""
        try:
            with urlopen(f"{self.url}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _get(self, path: str) -> Any:
        try:
            with urlopen(f"{self.url}/api/v1/{path}", timeout=30) as answer:
                return json.load(answer)["data"]
        except HTTPError as error:
            raise AssertionError(f"{path}: {error.read().decode()}") from None


def binary(name: str) -> str:
    """Return the path of a program of Prometheus; the test is skipped where there is none, in CI it fails."""
    found = shutil.which(name)
    if found is None:
        why = f"{name} is not installed (Debian: apt-get install --no-install-recommends {name})"
        assert not IN_CI, why
        pytest.skip(why)
    return found


@contextmanager
def prometheus(
    folder: Path,
    targets: Sequence[str],
    rule_files: Sequence[Path] = (),
    alertmanager: str | None = None,
    interval_seconds: int = 1,
) -> Iterator[Prometheus]:
    """Prometheus on a free port of loopback for the length of the block, ready from its beginning.

    `targets` and `alertmanager` are `host:port`; the targets are scraped, and the rules evaluated, every
    `interval_seconds`. Data and log are below `folder`.
    """
    program = binary("prometheus")
    home = folder / "prometheus"
    home.mkdir()
    config = home / "prometheus.yml"
    # JSON is YAML too.
    config.write_text(json.dumps(_config(targets, rule_files, alertmanager, f"{interval_seconds}s")))
    address = f"127.0.0.1:{free_port()}"
    options = [f"--config.file={config}", f"--storage.tsdb.path={home / 'data'}"]
    with running([program, *options, f"--web.listen-address={address}"], home / "log") as process:
        found = Prometheus(f"http://{address}")
        until(lambda: found.is_ready() or process.poll() is not None, "Prometheus is ready")
        assert process.poll() is None, (home / "log").read_text()
        yield found


@contextmanager
def running(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process for the length of the block, with its log in a file."""
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()


def _config(
    targets: Sequence[str], rule_files: Sequence[Path], alertmanager: str | None, interval: str
) -> dict[str, Any]:
    config: dict[str, Any] = {
        "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
        "rule_files": [str(path.resolve()) for path in rule_files],
        "scrape_configs": [{"job_name": JOB, "static_configs": [{"targets": list(targets)}]}],
    }
    if alertmanager:
        config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
    return config
