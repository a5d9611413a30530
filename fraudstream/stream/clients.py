"""The settings that every Kafka client of the product is made with: where the cluster is, and how to get in.

aiokafka and kafka-python call them by the same names; Faust wants credentials of its own. Files and variables
are read anew for each client.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from faust.auth import Credentials, SASLCredentials, SSLCredentials

from fraudstream.config.part import SettingError
from fraudstream.config.security import first_certificate
from fraudstream.stream.errors import SECURITY, BrokerError

if TYPE_CHECKING:
    from fraudstream.config import Kafka

FETCH_BYTES_MAX = 4 * 2**20
"""What one request brings of one partition."""
FETCH_WAIT_MS = 20
"""How long the broker may hold back an empty answer.

aiokafka has one request under way per broker, so an idle partition's wait delays a busy one's next fetch;
Faust's own setting is 1.5 s, that of the clients half a second.
"""
ANONYMOUS = "User:ANONYMOUS"
"""As whom a broker knows clients that do not say who they are."""


def client_settings(kafka: Kafka) -> dict[str, Any]:
    """Return what any client needs to get to the cluster; BrokerError where a secret or file is missing."""
    settings: dict[str, Any] = {"bootstrap_servers": kafka.bootstrap}
    context = tls_context(kafka)
    if context is not None:
        settings |= {"security_protocol": "SSL", "ssl_context": context}
    return settings | _login(kafka)


def tls_context(kafka: Kafka) -> ssl.SSLContext | None:
    """Return what TLS towards the cluster is made with, None where there is none; BrokerError."""
    if kafka.security is None or kafka.security.tls is None:
        return None
    try:
        return kafka.security.tls.context()
    except SettingError as error:
        raise BrokerError(f"kafka.security.tls: {error}", SECURITY) from None


def credentials(settings: Mapping[str, Any]) -> Credentials | None:
    """Return the settings of a client as Faust wants them, None where it needs none."""
    context = settings.get("ssl_context")
    if "sasl_mechanism" in settings:
        return SASLCredentials(
            username=settings["sasl_plain_username"],
            password=settings["sasl_plain_password"],
            mechanism=settings["sasl_mechanism"],
            ssl_context=context,
        )
    return None if context is None else SSLCredentials(context)


def principal(kafka: Kafka) -> str:
    """Return as whom the broker knows the worker, in the words of `kafka-acls`."""
    security = kafka.security
    if security is not None and security.sasl is not None:
        return f"User:{security.sasl.username}"
    if security is None or security.tls is None or security.tls.certificate is None:
        return ANONYMOUS
    return f"User:{first_certificate(security.tls.certificate).subject.rfc4514_string()}"


def _login(kafka: Kafka) -> dict[str, Any]:
    sasl = None if kafka.security is None else kafka.security.sasl
    if sasl is None:
        return {}
    try:
        password = sasl.password.reveal()
    except SettingError as error:
        raise BrokerError(f"kafka.security.sasl.password: {error}", SECURITY) from None
    return {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": sasl.mechanism,
        "sasl_plain_username": sasl.username,
        "sasl_plain_password": password,
    }
