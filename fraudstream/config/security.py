"""Who may talk to whom: how the worker knows its cluster and is known there, and who may read its metrics."""

from __future__ import annotations

import ipaddress
import ssl
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from cryptography import x509
from pydantic import Field, model_validator

from fraudstream.config.part import Part, SettingError
from fraudstream.config.secret import Revealed, Secret

TOKEN_CHARS_MIN = 16


class Tls(Part):
    """TLS towards the brokers: whom the worker believes, and what it shows of itself."""

    ca: Path | None = None
    """PEM file of the authorities that sign the brokers' certificates; those of the system without it."""
    certificate: Path | None = None
    """PEM file of the worker's own certificate and its chain, where brokers ask for one."""
    key: Path | None = None
    """PEM file of the key of that certificate."""
    key_password: Secret | None = None
    """The password of an encrypted key."""

    @model_validator(mode="after")
    def _fits(self) -> Tls:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("tls.certificate and tls.key belong together: name both, or none")
        return self

    def context(self) -> ssl.SSLContext:
        """Read the files anew; SettingError where one is missing or is not what it has to be."""
        try:
            context = ssl.create_default_context(cafile=None if self.ca is None else str(self.ca))
        except (OSError, ssl.SSLError) as error:
            raise SettingError(f"{self.ca}: {_why(error, 'certificates')}") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate is not None and self.key is not None:
            _show(context, self.certificate, self.key, self.key_password)
        return context


class Sasl(Part):
    """As whom the brokers know the worker."""

    mechanism: Literal["SCRAM-SHA-512", "PLAIN"] = "SCRAM-SHA-512"
    """How the password is proved. SCRAM never sends it; PLAIN does, inside TLS."""
    username: str = Field(min_length=1)
    """The name of the user, of whom `kafka-acls` speaks as `User:NAME`."""
    password: Secret
    """The user's password."""


class Security(Part):
    """TLS and SASL towards the brokers; without this all is sent in the clear, by `User:ANONYMOUS`."""

    tls: Tls | None = None
    """Encrypts, and checks the brokers' certificates and names; `{}` trusts the system's authorities."""
    sasl: Sasl | None = None
    """User and password. They need `tls`."""

    @model_validator(mode="after")
    def _fits(self) -> Security:
        if self.tls is None:
            what = "says nothing" if self.sasl is None else "sends the user's password without tls"
            raise ValueError(f"kafka.security {what}: add `tls: {{}}`, or `tls: {{ca: FILE}}`")
        return self


class ServerTls(Part):
    """What the worker shows of itself to whoever reads its metrics."""

    certificate: Path
    """PEM file of the certificate and its chain."""
    key: Path
    """PEM file of its key."""
    key_password: Secret | None = None
    """The password of an encrypted key."""

    def context(self) -> ssl.SSLContext:
        """Read the files; SettingError where one is missing or is not what it has to be."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        _show(context, self.certificate, self.key, self.key_password)
        return context

    def trusted(self) -> ssl.SSLContext:
        """Return whom a reader trusts that shares the file: the usual authorities, and this certificate."""
        context = ssl.create_default_context()
        first_certificate(self.certificate)
        context.load_verify_locations(self.certificate)
        # The certificate itself is trusted, whoever has signed it.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        return context


class HttpAuth(Part):
    """What a reader must know: a bearer token, or a name and a password (basic auth)."""

    token: Secret | None = None
    """The bearer token, of at least 16 characters."""
    username: str | None = Field(None, min_length=1, pattern="^[^:]*$")
    """The name of basic auth."""
    password: Secret | None = None
    """The password of basic auth, of at least 16 characters."""

    @model_validator(mode="after")
    def _fits(self) -> HttpAuth:
        has_both = self.username is not None and self.password is not None
        has_either = self.username is not None or self.password is not None
        if has_either != has_both or (self.token is not None) == has_both:
            raise ValueError("auth is {token: ...}, or {username: ..., password: ...}: name one of them")
        return self

    def authorization(self) -> Revealed:
        """Return what the header of that name must say; SettingError where the secret is missing or short."""
        secret = self._secret()
        if self.username is None:
            return Revealed(f"Bearer {secret}")
        return Revealed(f"Basic {b64encode(f'{self.username}:{secret}'.encode()).decode()}")

    def _secret(self) -> str:
        named = self.token or self.password
        assert named is not None
        secret = named.reveal()
        if len(secret) < TOKEN_CHARS_MIN:
            raise SettingError(
                f"{named.place}: has fewer than {TOKEN_CHARS_MIN} characters: make another with "
                "`openssl rand -hex 32`"
            )
        return secret


class Metrics(Part):
    """Where `/metrics` answers, and to whom."""

    host: str = "127.0.0.1"
    """The address to listen on. Others than loopback need `tls` and `auth`, or `insecure: true`."""
    port: int = Field(9464, ge=0, le=65_535)
    """The port; 0 takes any free one."""
    tls: ServerTls | None = None
    """Encrypts what is read."""
    auth: HttpAuth | None = None
    """Asks readers who they are."""
    insecure: bool = False
    """Take other addresses than loopback without TLS or without auth, where the network keeps others out."""

    @model_validator(mode="after")
    def _is_safe(self) -> Metrics:
        missing = [name for name in ("tls", "auth") if getattr(self, name) is None]
        if missing and not self.insecure and not is_loopback(self.host):
            named = " and ".join(f"metrics.{name}" for name in missing)
            raise ValueError(
                f"{self.host} can be reached from other machines: add {named}, or write "
                "`metrics.insecure: true` where the network keeps others out"
            )
        return self


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def first_certificate(file: Path) -> x509.Certificate:
    """Return the first certificate of a PEM file; SettingError where there is none."""
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except OSError as error:
        raise SettingError(f"{file}: {_why(error, 'certificate')}") from None
    except ValueError:
        raise SettingError(f"{file}: holds no certificate in PEM: name another file") from None


def _show(context: ssl.SSLContext, certificate: Path, key: Path, password: Secret | None) -> None:
    """Have a context show a certificate; SettingError where it has expired, or its key is not with it."""
    until = first_certificate(certificate).not_valid_after_utc
    if until < datetime.now(UTC):
        raise SettingError(f"{certificate}: expired at {until:%Y-%m-%d %H:%M} UTC: renew it")
    # Without a password OpenSSL would ask for one at the terminal.
    revealed = "" if password is None else str(password.reveal())
    try:
        context.load_cert_chain(certificate, key, revealed)
    except (OSError, ssl.SSLError) as error:
        wrong = "" if isinstance(error, ssl.SSLError) else f" ({error.strerror})"
        raise SettingError(
            f"{key}: is not the key of {certificate}{wrong}: name the key in PEM, and its key_password where "
            "it is encrypted"
        ) from None


def _why(error: OSError, what: str) -> str:
    if isinstance(error, ssl.SSLError):
        return f"holds no {what} in PEM: name another file"
    return f"cannot be read ({error.strerror}): check the path"
