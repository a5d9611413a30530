"""One Apache Kafka with a listener for each way in: TLS, client certificates, passwords, an expired one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

from fraudstream.stream.embedded import free_port
from tests.certificates import Authority, Pair
from tests.integration.broker import real_kafka

USER, PASSWORD = "fraud", "canary-of-kafka-9c41"
LISTENERS = {"TLS": "SSL", "MUTUAL": "SSL", "SASL": "SASL_SSL", "STALE": "SSL"}
"""The names of the listeners, and what they speak."""
_LOGIN = "org.apache.kafka.common.security"


@dataclass(frozen=True)
class SecureBroker:
    """The addresses of its listeners, that without any of it as `PLAINTEXT`, and the files of clients."""

    at: dict[str, str]
    authority: Authority
    stranger: Authority
    client: Pair


@contextmanager
def secure_broker(folder: Path) -> Iterator[SecureBroker]:
    """The broker for the length of a block, with one user; NoRealKafkaError where it cannot run."""
    authority, stranger = Authority(folder, "authority"), Authority(folder, "stranger")
    ports = {name: free_port() for name in LISTENERS}
    properties = folder / "more.properties"
    properties.write_text("".join(f"{key}={value}\n" for key, value in _properties(authority, ports).items()))
    with real_kafka(folder / "kafka", "--port", "0", "--properties", str(properties)) as broker:
        with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap)) as admin:
            user = UserScramCredentialUpsertion(USER, ScramMechanism.SCRAM_SHA_512, PASSWORD)
            admin.alter_user_scram_credentials([user])
        at = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
        yield SecureBroker(
            at | {"PLAINTEXT": broker.bootstrap}, authority, stranger, authority.pair("fraudstream-worker")
        )


def _properties(authority: Authority, ports: dict[str, int]) -> dict[str, str]:
    protocols = {"CONTROLLER": "PLAINTEXT", "PLAINTEXT": "PLAINTEXT", **LISTENERS}
    plain = f'{_LOGIN}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
    own = {
        "listeners": ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items()),
        "listener.security.protocol.map": ",".join(f"{name}:{it}" for name, it in protocols.items()),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.certificate),
        "ssl.keystore.type": "PEM",
        "listener.name.mutual.ssl.client.auth": "required",
        "listener.name.sasl.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
        "listener.name.sasl.plain.sasl.jaas.config": plain,
        "listener.name.sasl.scram-sha-512.sasl.jaas.config": f"{_LOGIN}.scram.ScramLoginModule required;",
    }
    good, expired = authority.pair("broker"), authority.pair("expired", days=-1)
    for name in LISTENERS:
        pair = expired if name == "STALE" else good
        own[f"listener.name.{name.lower()}.ssl.keystore.location"] = str(pair.both)
    return own
