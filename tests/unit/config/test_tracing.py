"""Where traces may go, and with what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from fraudstream.config import load_topology
from fraudstream.config.part import SettingError
from fraudstream.config.tracing import Tracing
from tests.unit.config.test_topology import topology

FAR = "otel.bank.example:4318/v1/traces"
TOKEN = {"authorization": {"env": "TRACING_TEST"}}


def tracing(**said: Any) -> Tracing:
    """Return what a topology says of traces."""
    return Tracing.model_validate(said)


def test_headers_go_over_tls_or_stay_on_this_machine() -> None:
    """They are secrets."""
    with pytest.raises(ValidationError, match="sent in the clear: use an https endpoint"):
        tracing(endpoint=f"http://{FAR}", headers=TOKEN)
    for endpoint in (f"https://{FAR}", "http://127.0.0.1:4318/v1/traces", "http://[::1]:4318/v1/traces"):
        assert tracing(endpoint=endpoint, headers=TOKEN).headers
    assert not tracing(endpoint=f"http://{FAR}").headers


@pytest.mark.parametrize(
    "said",
    [
        {"endpoint": "otel:4318/v1/traces"},
        {"endpoint": "grpc://otel:4317/"},
        {"endpoint": "http://otel:4318"},
        {"endpoint": f"https://ann:secret@{FAR}"},
        {"endpoint": f"https://{FAR}", "share": 1.5},
        {"endpoint": f"https://{FAR}", "share": float("nan")},
        {"endpoint": f"https://{FAR}", "headers": {"two words": {"env": "T"}}},
        {"endpoint": f"https://{FAR}", "headers": {"authorization": "the secret itself"}},
    ],
)
def test_what_cannot_be_is_refused(said: Any) -> None:
    """Addresses, shares and headers."""
    with pytest.raises(ValidationError):
        tracing(**said)


def test_a_secret_that_fits_in_no_header_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a worker sends it; the message does not quote it."""
    wanted = tracing(endpoint=f"https://{FAR}", headers=TOKEN)
    monkeypatch.setenv("TRACING_TEST", "Bearer zyzzyva\r\nX: y")
    with pytest.raises(SettingError, match="variable TRACING_TEST: fits in no header") as caught:
        wanted.revealed()
    assert "zyzzyva" not in str(caught.value)
    monkeypatch.setenv("TRACING_TEST", "Bearer zyzzyva")
    assert wanted.revealed() == {"authorization": "Bearer zyzzyva"}


def test_files_stand_beside_the_topology(tmp_path: Path) -> None:
    """As all that it names."""
    line = f"tracing: {{endpoint: 'https://{FAR}', ca: c.pem, headers: {{a: {{file: s}}}}}}\n"
    found = load_topology(topology(tmp_path, line)).tracing
    assert found is not None
    assert (found.ca, found.headers["a"].file) == (tmp_path / "c.pem", tmp_path / "s")
