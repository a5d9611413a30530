"""Who may talk to whom: what a topology may say of it, and what its files must hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from fraudstream.config import load_topology
from fraudstream.config.part import SettingError
from fraudstream.config.security import HttpAuth, Metrics, Security, ServerTls, Tls
from fraudstream.rules.errors import RulesetError
from tests.certificates import Authority
from tests.unit.config.test_environment import CANARY
from tests.unit.config.test_topology import topology

PASSWORD = {"env": "S"}
SASL = {"username": "ann", "password": PASSWORD}


def fault(model: Any, **said: Any) -> str:
    """Return what is wrong with a part of a topology."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(said)
    return str(caught.value.errors()[0]["msg"])


def refusal(part: Any) -> str:
    """Return why the files of a part are not taken."""
    with pytest.raises(SettingError) as caught:
        part.context()
    return str(caught.value)


def test_a_password_is_only_sent_inside_tls() -> None:
    """Whatever the mechanism: its proof, and all events, would be for everyone to read."""
    assert "sends the user's password without tls: add `tls: {}`" in fault(Security, sasl=SASL)
    assert "kafka.security says nothing" in fault(Security)
    assert Security.model_validate({"tls": {}, "sasl": SASL})


def test_a_certificate_needs_its_key() -> None:
    """And the other way round."""
    assert "name both, or none" in fault(Tls, key="k")


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "::", "worker-1", "localhost.evil.example"])
def test_metrics_that_others_can_reach_need_tls_and_auth(host: str) -> None:
    """Unless the topology says that the network keeps others out."""
    assert f"{host} can be reached from other machines: add metrics.tls and metrics.auth" in fault(
        Metrics, host=host
    )
    auth = {"token": {"env": "T"}}
    assert "add metrics.tls, or" in fault(Metrics, host=host, auth=auth)
    assert Metrics.model_validate({"host": host, "insecure": True})
    assert Metrics.model_validate({"host": host, "auth": auth, "tls": {"certificate": "c", "key": "k"}})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_neither(host: str) -> None:
    """Only this machine reaches it."""
    assert Metrics(host=host)


def test_auth_is_a_token_or_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them, whole; and neither may be short enough to be guessed."""
    for said in ({}, {"username": "a"}, {"password": PASSWORD}, {"token": PASSWORD, **SASL}):
        assert "name one of them" in fault(HttpAuth, **said)
    monkeypatch.setenv("S", "short")
    with pytest.raises(SettingError, match=r"^variable S: has fewer than 16 characters: make another with "):
        HttpAuth.model_validate(SASL).authorization()


def test_files_that_are_not_what_they_have_to_be_are_told(tmp_path: Path) -> None:
    """Missing, no PEM, of another key, expired."""
    authority = Authority(tmp_path, "authority")
    one, other, old = authority.pair("one"), authority.pair("other"), authority.pair("old", days=-1)
    (tmp_path / "text").write_text("text")
    assert "none: cannot be read (No such file or directory)" in refusal(Tls(ca=tmp_path / "none"))
    assert "text: holds no certificates in PEM" in refusal(Tls(ca=tmp_path / "text"))
    assert "text: holds no certificate in PEM" in refusal(
        ServerTls(certificate=tmp_path / "text", key=one.key)
    )
    assert "other.key: is not the key of " in refusal(ServerTls(certificate=one.certificate, key=other.key))
    assert "old.crt: expired at " in refusal(Tls(certificate=old.certificate, key=old.key))
    assert ServerTls(certificate=one.certificate, key=one.key).context()
    assert Tls(ca=authority.certificate, certificate=other.certificate, key=other.key).context()


@pytest.mark.parametrize(
    "line",
    [
        f"kafka: {{bootstrap: 'ann:{CANARY}@host:1'}}",
        f"kafka: {{bootstrap: 'host:1', password: {CANARY}}}",
        f"kafka: {{bootstrap: 'host:1', security: {CANARY}}}",
        f"kafka: {{bootstrap: 'host:1', security: {{tls: {{}}, sasl: 'ann:{CANARY}'}}}}",
        f"kafka: {{bootstrap: 'host:1', security: {{tls: {{}}, sasl: {{username: a, password: {CANARY}}}}}}}",
        f"kafka: {{bootstrap: 'host:1', security: {{tls: {{}}, sasl: {{passwort: {CANARY}}}}}}}",
        f"metrics: {{auth: {CANARY}}}",
        f"metrics: {{auth: {{token: {CANARY}}}}}",
        f"metrics: {{token: [{CANARY}]}}",
        f"checkpoints: {{url: 'sftp://ann:{CANARY}@host/x'}}",
        f"checkpoints: {{url: x, key_file: [{CANARY}]}}",
        f"tracing: {{endpoint: 'https://ann:{CANARY}@host/x'}}",
        f"tracing: {{endpoint: 'https://host/x', headers: {CANARY}}}",
        f"tracing: {{endpoint: 'https://host/x', headers: {{authorization: {CANARY}}}}}",
    ],
)
def test_no_refusal_quotes_what_may_be_a_secret(tmp_path: Path, line: str) -> None:
    """Wherever in the file it was written by mistake."""
    path = topology(tmp_path, f"{line}\n", 'kafka: {bootstrap: "host:9092"}' if "kafka" in line else "")
    with pytest.raises(RulesetError) as caught:
        load_topology(path)
    assert CANARY not in f"{caught.value} {caught.value!r}"
