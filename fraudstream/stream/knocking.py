"""One connection to the cluster, to say in one line why it does not come about.

The clients say no more than that they found no broker, and that after their whole timeout.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaError, SaslAuthenticationFailed, UnsupportedSaslMechanismError
from aiokafka.protocol.metadata import MetadataRequest

from fraudstream.stream.clients import client_settings
from fraudstream.stream.errors import SECURITY, BrokerError
from fraudstream.stream.event_loop import closing_at_once

if TYPE_CHECKING:
    from fraudstream.config import Kafka

SECONDS_MAX = 10.0
TLS_SECONDS_MAX = 2.0
"""How long a broker that was silent to a client in the clear may take to answer in TLS."""
_TURNS = 5
_HUNG_UP = (KafkaError, ConnectionError, ssl.SSLError, EOFError)


def knock(kafka: Kafka) -> None:
    """Connect to the first address that lets itself be connected to, and ask what every client asks.

    OSError where none does, BrokerError where TLS or the login fails.
    """
    host, port = reach(kafka.bootstrap)
    if kafka.security is None:
        return
    settings = client_settings(kafka)
    del settings["bootstrap_servers"]
    where = f"{host}:{port}"
    try:
        # A loop of its own kind, which leaves that of the worker alone.
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(_ask(host, port, settings))
    except ssl.SSLCertVerificationError as error:
        raise BrokerError(f"{where}: {_untrusted(error)}", SECURITY) from None
    except SaslAuthenticationFailed as error:
        raise BrokerError(f"{where}: {_refused(settings, error)}", SECURITY) from None
    except UnsupportedSaslMechanismError as error:
        message = f"{where}: {error}: set kafka.security.sasl.mechanism to one of them"
        raise BrokerError(message, SECURITY) from None
    except TimeoutError:
        raise
    except _HUNG_UP as error:
        # It may as well be on its way down.
        raise BrokerError(f"{where}: {_hung_up(settings, error)}", SECURITY, is_away=True) from None


def reach(bootstrap: str) -> tuple[str, int]:
    """Return the first address that lets itself be connected to; OSError where none does.

    The client would take its whole timeout to find that nobody listens, and would not say so.
    """
    addresses = list(_addresses(bootstrap))
    for number, address in enumerate(addresses, start=1):
        try:
            socket.create_connection(address, SECONDS_MAX).close()
        except OSError:
            if number == len(addresses):
                raise
        else:
            return address
    raise AssertionError("there is an address")


def wants_tls(kafka: Kafka) -> bool:
    """Whether a cluster that is to be talked to in the clear speaks TLS; never raises."""
    if kafka.security is not None:
        return False
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Nothing is sent, so that it does not matter to whom.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with suppress(OSError):
        for address in _addresses(kafka.bootstrap):
            with (
                socket.create_connection(address, TLS_SECONDS_MAX) as connection,
                context.wrap_socket(connection),
            ):
                return True
    return False


def _addresses(bootstrap: str) -> Iterator[tuple[str, int]]:
    for address in bootstrap.split(","):
        host, _, port = address.rpartition(":")
        yield host.strip("[]"), int(port)


class _Knock(AIOKafkaConnection):  # type: ignore[misc]
    close = closing_at_once(AIOKafkaConnection.close)


async def _ask(host: str, port: int, settings: dict[str, Any]) -> None:
    """Connect, log in, and ask for the cluster's brokers, which only a client that is let in may."""
    connection = _Knock(host, port, **settings)
    try:
        async with asyncio.timeout(SECONDS_MAX):
            await connection.connect()
            await connection.send(MetadataRequest([]))
    finally:
        connection.close()
        # The loop closes the socket after the transport.
        for _ in range(_TURNS):
            await asyncio.sleep(0)


def _untrusted(error: ssl.SSLCertVerificationError) -> str:
    said = f"the broker's certificate is not trusted ({error.verify_message.rstrip('.')})"
    match error.verify_code:
        case 10:
            return f"{said}: renew it on the broker"
        case 62 | 63 | 64:
            return f"{said}: write in kafka.bootstrap the name that the certificate has"
    return f"{said}: name the authority that signed it in kafka.security.tls.ca"


def _refused(settings: dict[str, Any], error: Exception) -> str:
    said = next((str(each) for each in error.args if each), "without a reason")
    user, mechanism = settings["sasl_plain_username"], settings["sasl_mechanism"]
    return (
        f"the broker refuses user {user} by {mechanism} ({said}): "
        "correct kafka.security.sasl, or the user on the broker"
    )


def _hung_up(settings: dict[str, Any], error: Exception) -> str:
    said = getattr(error, "reason", None) or str(error) or type(error).__name__
    if "sasl_mechanism" in settings:
        wanted = "does it speak TLS, and does it want a user there?"
    else:
        wanted = (
            "does it speak TLS, and does it want a user (kafka.security.sasl) or a certificate "
            "(kafka.security.tls.certificate)?"
        )
    return f"the broker hangs up ({said}): {wanted}"
