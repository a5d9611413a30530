"""`fraudstream privacy`: what leaves how, and what stands behind tokens and ciphertexts."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from fraudstream.config import load_topology
from fraudstream.engine.privacy.keyring import Keyring
from tests.unit.cli.commands import Ran, error_line, fraudstream

KEY = "ab" * 32


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A topology with a key in a variable, and an older one in a file."""
    monkeypatch.setenv("PRIVACY_NOW", KEY)
    (tmp_path / "old.key").write_text("cd" * 32)
    path = tmp_path / "t.yml"
    path.write_text(
        "schema: fraudstream.topology/v1\nname: n\nkafka: {bootstrap: 'h:1'}\ninput: {topic: a}\n"
        "output: {alerts: b, dead_letters: c, journal: d}\nrules: rules\n"
        "columns: {pin: {type: text, sensitivity: secret}}\n"
        "privacy:\n  personal: token\n  columns: {debtor.name: encrypt, device.ip: clear}\n"
        "  active_key: now\n  keys: {old: {file: old.key}, now: {env: PRIVACY_NOW}}\n"
    )
    return path


def keyring(file: Path) -> Keyring:
    """Return the keys of a topology."""
    keys = load_topology(file).privacy.keyring()
    assert keys is not None
    return keys


def privacy(command: str, file: Path, *arguments: object) -> Ran:
    """Run `fraudstream privacy` on a topology."""
    return fraudstream("privacy", command, "--topology", file, *arguments)


def test_columns_show_class_and_treatment(file: Path) -> None:
    """One line each, those of the deployment too, and whether whole messages are kept; no key is read."""
    lines = privacy("columns", file).out.splitlines()
    shown = {line.split()[0]: line.split()[1:] for line in lines}
    assert shown["id"] == ["internal", "clear"]
    assert shown["debtor.id"] == ["personal", "token"]
    assert shown["debtor.name"] == ["personal", "encrypt"]
    assert shown["device.ip"] == ["personal", "clear"]
    assert shown["pin"] == ["secret", "withhold"]
    assert lines[-1] == "key and payload of dead letters: withheld"


def test_alerts_are_opened(file: Path, tmp_path: Path) -> None:
    """What is encrypted, in any place; tokens of texts that are given; what is no JSON as text."""
    keys = keyring(file)
    name, token = keys.encrypted('Jo "J" Canary'), keys.token("c1")
    alerts = tmp_path / "alerts.jsonl"
    alert = {
        "event": {"debtor": {"name": name, "id": token}},
        "rules": [{"reason": f"by {name}"}],
        "score": 1,
    }
    alerts.write_bytes(orjson.dumps(alert) + b"\nplain " + name.encode() + b"\n")
    first, second = privacy("reveal", file, alerts).out.splitlines()
    assert orjson.loads(first) == {
        "event": {"debtor": {"name": 'Jo "J" Canary', "id": token}},
        "rules": [{"reason": 'by Jo "J" Canary'}],
        "score": 1,
    }
    assert second == 'plain Jo "J" Canary'
    candidates = tmp_path / "customers.txt"
    candidates.write_text("c0\nc1\n")
    opened = privacy("reveal", file, alerts, "--values", candidates).out.splitlines()
    assert orjson.loads(opened[0])["event"]["debtor"]["id"] == "c1"


def test_tokens_are_shown_under_every_key(file: Path) -> None:
    """So that alerts from before a rotation are found as well."""
    keys = keyring(file)
    assert privacy("token", file, "c1", "c2").out.split() == [*keys.tokens("c1"), *keys.tokens("c2")]
    assert [each.split(":")[1] for each in keys.tokens("c1")] == ["old", "now"]


def test_what_is_missing_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file, a key, or any key at all, in one line."""
    line = error_line("privacy", "reveal", "--topology", file, file.parent / "gone.jsonl")
    assert line.endswith("gone.jsonl: cannot be read (No such file or directory): check the path")
    monkeypatch.delenv("PRIVACY_NOW")
    line = error_line("privacy", "token", "--topology", file, "c1")
    assert line == "variable PRIVACY_NOW: there is no secret in it: set it, or name another"
    line = error_line("privacy", "token", "c1")
    assert line.endswith("single.yml: privacy names no active_key: nothing leaves as a token or encrypted")
