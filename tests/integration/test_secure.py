"""TLS and SASL on a real broker: who is let in works as ever, and whoever is not is told why in one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fraudstream.cli.main import app
from fraudstream.config import Kafka, load_topology
from fraudstream.stream.admin import create_topics, lag
from fraudstream.stream.behind import backlog
from fraudstream.stream.worker import EXIT_FAILED, run_worker
from loadtest.crash_rig import CrashRig, judged_by, uninterrupted
from tests.integration.broker import IN_CI, NoRealKafkaError
from tests.integration.secure_broker import PASSWORD, USER, SecureBroker, secure_broker
from tests.unit.rule_files import event, rule_file, rule_files, write_files
from tests.unit.stream.fakes import FakeEngine, FakeObserver, topology

pytestmark = pytest.mark.integration

WRONG = "canary-of-a-wrong-one-77e0"
SECRETS = {"KAFKA_PASSWORD": PASSWORD, "KAFKA_WRONG": WRONG}
PAYLOADS = [b"no json", *(event(str(number), amount=number) for number in range(90, 111))]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureBroker]:
    """One broker for all tests of this file, with all its listeners."""
    try:
        with secure_broker(tmp_path_factory.mktemp("secure")) as started:
            yield started
    except NoRealKafkaError as error:
        if IN_CI:
            raise
        pytest.skip(f"no real Kafka here: {error}")


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


def sasl(mechanism: str, username: str = USER, variable: str = "KAFKA_PASSWORD") -> dict[str, Any]:
    """Return what a topology says of a user."""
    return {"mechanism": mechanism, "username": username, "password": {"env": variable}}


@pytest.mark.parametrize(
    ("mechanism", "guarantee", "shares"),
    [("SCRAM-SHA-512", "exactly_once", 1), ("PLAIN", "at_least_once", 0)],
)
def test_a_user_with_the_right_password_is_served_by_every_command(
    broker: SecureBroker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mechanism: str,
    guarantee: str,
    shares: int,
) -> None:
    """Stages, journal, transactions and dead letters, over TLS; no password shows up anywhere."""
    words = ("events", "alerts", "dead", "journal", "parts", "found")
    names = {word: f"{mechanism}.{word}" for word in words}
    rules = write_files(tmp_path / "rules", rule_files(rule_file()))
    rig = CrashRig(broker.at["PLAINTEXT"], tmp_path, names, rules, guarantee=guarantee, shares=shares)
    security = "FRAUDSTREAM_KAFKA__SECURITY"
    for name, value in {
        "TLS__CA": str(broker.authority.certificate),
        "SASL__MECHANISM": mechanism,
        "SASL__USERNAME": USER,
        "SASL__PASSWORD__ENV": "KAFKA_PASSWORD",
    }.items():
        monkeypatch.setenv(f"{security}__{name}", value)
    rig.send(PAYLOADS)
    asked = load_topology(tmp_path / "topology-0.yml").with_kafka(broker.at["SASL"])
    waiting = backlog(asked).partitions[0]
    assert (waiting.events, waiting.seconds is not None) == (len(PAYLOADS), True)
    with rig.worker(broker.at["SASL"]) as worker:
        judged_by(worker, len(PAYLOADS))
        rig.drain()
    assert dict(rig.alerts()) == uninterrupted(rig.topology, PAYLOADS)
    for command, told in (
        ("list", "not_json"),
        ("redrive --reason not_json", "sent and acknowledged: 1 (0:0)"),
    ):
        topology = ["--topology", str(tmp_path / "topology-0.yml")]
        line = ["dlq", *command.split(), *topology, "--kafka", broker.at["SASL"]]
        answer = CliRunner().invoke(app, line)
        assert answer.exit_code == 0
        assert told in answer.output
    assert PASSWORD not in rig.logs()


def test_a_certificate_is_enough_where_the_broker_asks_for_one(broker: SecureBroker) -> None:
    """Topics are made, and the group's lag is asked, over mutual TLS."""
    own = {"certificate": str(broker.client.certificate), "key": str(broker.client.key)}
    asked = secured(broker, "MUTUAL", {"tls": own}, "mutual")
    create_topics(asked)
    assert sum(lag(asked).values()) == 0


@dataclass(frozen=True)
class Refusal:
    """A client that is not let in: where it knocks, how, and what it says then."""

    listener: str
    security: Mapping[str, Any] | None
    told: str


TLS: Mapping[str, Any] = {"tls": {}}
REFUSALS = {
    "wrong password, scram": Refusal(
        "SASL",
        {**TLS, "sasl": sasl("SCRAM-SHA-512", variable="KAFKA_WRONG")},
        f"the broker refuses user {USER} by SCRAM-SHA-512 (",
    ),
    "wrong password, plain": Refusal(
        "SASL",
        {**TLS, "sasl": sasl("PLAIN", variable="KAFKA_WRONG")},
        f"the broker refuses user {USER} by PLAIN (",
    ),
    "unknown user": Refusal(
        "SASL", {**TLS, "sasl": sasl("SCRAM-SHA-512", "nobody")}, "the broker refuses user nobody by "
    ),
    "no secret": Refusal(
        "SASL",
        {**TLS, "sasl": sasl("PLAIN", variable="KAFKA_UNSET")},
        "kafka.security.sasl.password: variable KAFKA_UNSET: there is no secret in it: set it",
    ),
    "no user": Refusal("SASL", TLS, "the broker hangs up ("),
    "no client certificate": Refusal("MUTUAL", TLS, "or a certificate (kafka.security.tls.certificate)?"),
    "plaintext": Refusal("TLS", None, "the broker speaks TLS, and the topology does not: "),
    "tls to plaintext": Refusal("PLAINTEXT", TLS, "does it speak TLS, and does it want a user"),
    "unknown authority": Refusal(
        "TLS",
        {"tls": {"ca": "stranger"}},
        "the broker's certificate is not trusted (unable to get local issuer certificate): "
        "name the authority that signed it in kafka.security.tls.ca",
    ),
    "expired certificate": Refusal(
        "STALE",
        TLS,
        "the broker's certificate is not trusted (certificate has expired): renew it on the broker",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_whoever_is_not_let_in_is_told_why(
    broker: SecureBroker, case: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line, exit code 1, counted as `security`; the password is not in it."""
    monkeypatch.setattr("fraudstream.stream.admin.BROKER_SECONDS_MAX", 1.0)
    refusal, observer = REFUSALS[case], FakeObserver()
    asked = secured(broker, refusal.listener, refusal.security)
    assert run_worker(asked, FakeEngine().as_engine(), observer) == EXIT_FAILED
    assert observer.errors == ["security"]
    (line,) = caplog.messages
    assert refusal.told in line
    assert PASSWORD not in line
    assert WRONG not in line


def secured(broker: SecureBroker, listener: str, security: Any, prefix: str = "nothing") -> Any:
    """Return a topology on a listener, which trusts the broker's authority unless it says otherwise."""
    if security is not None:
        authority = broker.stranger if security["tls"].get("ca") else broker.authority
        security = {**security, "tls": {**security["tls"], "ca": str(authority.certificate)}}
    kafka = Kafka.model_validate({"bootstrap": broker.at[listener], "group": prefix, "security": security})
    return topology(prefix=prefix).model_copy(update={"kafka": kafka})
