"""Settings are checked and shown before a worker needs them, and no secret is."""

from __future__ import annotations

import sys
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

import orjson
import pytest
import typer

from fraudstream.cli.service import traces_of
from fraudstream.config import load_topology
from fraudstream.config.tracing import EXPORTER
from fraudstream.telemetry.metrics import Metrics
from tests.certificates import Authority
from tests.unit.cli.commands import error_line, error_lines, fraudstream

CANARY = "canary-of-config-show-88aa"
TOPOLOGY = """schema: fraudstream.topology/v1
name: small
kafka:
  bootstrap: "host:9092"
  security: {tls: {ca: authority.pem}, sasl: {username: ann, password: {env: KAFKA_PASSWORD}}}
input: {topic: in}
output: {alerts: out, dead_letters: dead, journal: journal}
rules: rules
metrics: {host: 0.0.0.0, tls: {certificate: w.crt, key: w.key}, auth: {token: {file: token}}}
checkpoints: {url: state, key_file: key}
"""


@pytest.fixture
def topology(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A topology, and all that it names."""
    Authority(tmp_path, "authority").pair("w")
    (tmp_path / "rules").mkdir()
    (tmp_path / "token").write_text(f"{CANARY}-token")
    (tmp_path / "key").write_text("0" * 64)
    monkeypatch.setenv("KAFKA_PASSWORD", CANARY)
    path = tmp_path / "t.yml"
    path.write_text(TOPOLOGY)
    return path


def test_settings_that_fit_are_told_in_a_line(topology: Path) -> None:
    """With how many come from where."""
    ran = fraudstream("config", "check", topology)
    assert (ran.code, ran.out) == (
        0,
        "small: the settings fit: 17 from the file, 0 from elsewhere, 39 by default\n",
    )


def test_all_that_is_missing_is_told_at_once(topology: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line for each, and no secret in any."""
    monkeypatch.delenv("KAFKA_PASSWORD")
    folder = topology.parent
    (folder / "token").write_text("short")
    (folder / "authority.pem").unlink()
    (folder / "key").write_text(CANARY)
    (folder / "rules").rmdir()
    gone = "cannot be read (No such file or directory): check the path"
    assert error_lines("config", "check", topology) == [
        f"kafka.security.tls: {folder}/authority.pem: {gone}",
        "kafka.security.sasl.password: variable KAFKA_PASSWORD: there is no secret in it: "
        "set it, or name another",
        f"metrics.auth: {folder}/token: has fewer than 16 characters: "
        "make another with `openssl rand -hex 32`",
        f"checkpoints.key_file: {folder}/key holds no key: 64 hex digits, as from `openssl rand -hex 32`",
        f"rules.directory: {folder}/rules: {gone}",
    ]


def test_traces_need_what_sends_them(topology: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line with the remedy, from the check and from a worker; so it is for what is named beside it."""
    tracing = (
        "tracing: {endpoint: 'https://c:4318/v1/traces', ca: none.pem, headers: {authorization: {env: T}}}"
    )
    topology.write_text(TOPOLOGY + tracing)
    missing = "cannot be read (No such file or directory): check the path"
    assert error_lines("config", "check", topology) == [
        "tracing.headers: variable T: there is no secret in it: set it, or name another",
        f"tracing.ca: {topology.parent}/none.pem: {missing}",
    ]
    topology.write_text(TOPOLOGY + "tracing: {endpoint: 'http://127.0.0.1:4318/v1/traces'}\n")
    assert fraudstream("config", "check", topology).code == 0
    monkeypatch.setitem(sys.modules, EXPORTER, None)
    told = (
        "tracing: what sends traces is not installed: `pip install 'fraudstream[tracing]'`, "
        "or leave tracing out"
    )
    assert error_lines("config", "check", topology) == [told]
    with pytest.raises(typer.Exit), redirect_stderr(StringIO()) as said:
        traces_of(load_topology(topology), Metrics())
    assert told in said.getvalue()


def test_what_holds_is_shown_with_who_says_it(topology: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """File and line, variable, option or default; whatever the file has no section for is none."""
    monkeypatch.setenv("FRAUDSTREAM_LATENESS", "90s")
    monkeypatch.setenv("FRAUDSTREAM_METRICS__PORT", "9000")
    ran = fraudstream("config", "show", topology, "--json", "--kafka", "other:1")
    shown = {each["key"]: (each["value"], each["from"]) for each in orjson.loads(ran.out)["settings"]}
    folder = topology.parent
    assert shown["kafka.bootstrap"] == ("other:1", "--kafka")
    assert shown["lateness"] == ("90s", "FRAUDSTREAM_LATENESS")
    assert shown["metrics.port"] == ("9000", "FRAUDSTREAM_METRICS__PORT")
    assert shown["kafka.security.tls.ca"] == (f"{folder}/authority.pem", f"{topology}:5")
    assert shown["kafka.security.sasl.mechanism"] == ("SCRAM-SHA-512", "default")
    assert shown["kafka.security.sasl.password.env"] == ("KAFKA_PASSWORD (***)", f"{topology}:5")
    assert shown["metrics.auth.token.file"] == (f"{folder}/token (***)", f"{topology}:9")
    assert shown["rules.directory"] == (f"{folder}/rules", f"{topology}:8")
    assert shown["rules.bundle"] == ("none", "default")
    assert shown["duplicates.horizon"] == ("1d", "default")
    assert shown["labels"] == ("none", "default")


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_no_secret_is_shown(topology: Path, options: list[str]) -> None:
    """Only where it is, and whether something is there."""
    ran = fraudstream("config", "show", topology, *options)
    assert ran.code == 0
    assert CANARY not in ran.out + ran.err
    (topology.parent / "token").unlink()
    assert "token (not there)" in fraudstream("config", "show", topology, *options).out


def test_a_topology_that_does_not_fit_is_told_as_ever(topology: Path) -> None:
    """By every command, with file and line."""
    topology.write_text(TOPOLOGY.replace(", tls: {certificate: w.crt, key: w.key}", ""))
    line = error_line("config", "check", topology)
    assert line.startswith(f"{topology}:9:10: metrics: 0.0.0.0 can be reached from other machines: add ")
