"""Where traces go, and how many batches are traced."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, model_validator

from fraudstream.config.part import Part, SettingError, no_login
from fraudstream.config.secret import Revealed, Secret
from fraudstream.config.security import first_certificate, is_loopback

EXPORTER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
_HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,100}$")]


class Tracing(Part):
    """Sends OpenTelemetry traces to a collector (docs/operating.md, Traces). Needs the extra `tracing`."""

    endpoint: Annotated[str, BeforeValidator(no_login)] = Field(pattern=r"^https?://[^\s/]+/\S*$")
    """Where the collector takes OTLP over HTTP: `http://127.0.0.1:4318/v1/traces`, or https."""
    share: float = Field(0.01, ge=0, le=1)
    """Which share of the batches is traced."""
    headers: Mapping[_HeaderName, Secret] = {}
    """Where the values of headers are that the collector asks for (`authorization`), by their names."""
    ca: Path | None = None
    """PEM file of the authorities that sign the collector's certificate; public ones without it."""

    @model_validator(mode="after")
    def _keeps_secrets(self) -> Tracing:
        url = urlsplit(self.endpoint)
        if self.headers and url.scheme != "https" and not is_loopback(url.hostname or ""):
            raise ValueError(
                "tracing.headers are secrets, and would be sent in the clear: use an https endpoint"
            )
        return self

    def require_extra(self) -> None:
        """Raise SettingError where what sends traces is not installed."""
        try:
            import_module(EXPORTER)
        except ImportError:
            raise SettingError(
                "what sends traces is not installed: `pip install 'fraudstream[tracing]'`, "
                "or leave tracing out"
            ) from None

    def trusted(self) -> Path | None:
        """Return the file of authorities; SettingError where it holds none."""
        if self.ca is not None:
            first_certificate(self.ca)
        return self.ca

    def revealed(self) -> dict[str, Revealed]:
        """Return the headers; SettingError where a secret is missing or fits in no header."""
        found = {name: place.reveal() for name, place in self.headers.items()}
        for name, secret in found.items():
            if not (secret.isascii() and secret.isprintable()):
                raise SettingError(f"{self.headers[name].place}: fits in no header: printable ASCII only")
        return found
