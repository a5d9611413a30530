"""Who reads a worker's pages, and what one client can do to the others."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fraudstream.telemetry import http_server
from fraudstream.telemetry.http_guard import REQUESTS_AT_ONCE_MAX, REQUESTS_PER_S_MAX, Rate, guarded
from fraudstream.telemetry.http_server import OPEN, REQUEST_BYTES_MAX, Access, serve
from fraudstream.telemetry.scraping import Reader, ScrapeError, scrape
from tests.certificates import Authority

TOKEN = "a-token-that-nobody-guesses"
BEARER = f"Bearer {TOKEN}"


def pages(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    """Answer every path with itself."""
    start("200 OK", [("Content-Type", "text/plain")])
    return [str(environ["PATH_INFO"]).encode()]


class Served:
    """A server, and why it has not answered."""

    def __init__(self, access: Access = OPEN, host: str = "127.0.0.1") -> None:
        self.refused: list[str] = []
        self.host = host
        self.port = serve(pages, host, 0, access, self.refused.append)

    def get(
        self, path: str = "/metrics", tls: ssl.SSLContext | None = None, method: str = "GET", **headers: str
    ) -> tuple[int, str]:
        """Ask for a page; return the status and the text."""
        connection: http.client.HTTPConnection
        if tls is None:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        else:
            connection = http.client.HTTPSConnection(self.host, self.port, timeout=20, context=tls)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        told = answer.status, answer.read().decode()
        connection.close()
        return told

    def connect(self) -> socket.socket:
        """Open a connection, and say nothing."""
        return socket.create_connection((self.host, self.port), 20)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_pages_are_answered(host: str) -> None:
    """On either kind of address, and nothing is said of the server but its name."""
    served = Served(host=host)
    assert served.get("/metrics") == (200, "/metrics")
    with served.connect() as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b"\r\nServer: fraudstream\r\n" in connection.makefile("rb").read()


@pytest.mark.parametrize(
    ("authorization", "right"),
    [
        (BEARER, BEARER),
        (BEARER, f"bearer  {TOKEN}"),
        (f"Basic {base64.b64encode(b'ann:secret').decode()}", "Basic YW5uOnNlY3JldA=="),
    ],
)
def test_readers_are_asked_who_they_are(authorization: str, right: str) -> None:
    """Only what says the right thing is answered; whether a worker is healthy is for everyone."""
    served = Served(Access(authorization=authorization))
    assert served.get(Authorization=right) == (200, "/metrics")
    assert served.get("/health/live") == (200, "/health/live")
    assert served.refused == []
    wrong = ["", "Bearer", "Bearer x", f"Basic {TOKEN}", TOKEN, f"{BEARER}x", "Bearer \xe4"]
    assert {served.get(Authorization=each)[0] for each in wrong} == {401}
    assert served.get("/health")[0] == 401
    assert served.refused == ["credentials"] * 8


def test_pages_are_encrypted(tmp_path: Path) -> None:
    """Whoever trusts the authority reads them; who speaks in the clear, or trusts another, does not."""
    authority = Authority(tmp_path, "authority")
    pair = authority.pair("worker")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    served = Served(Access(tls=context, authorization=BEARER))
    trusting = ssl.create_default_context(cafile=str(authority.certificate))
    assert served.get(tls=trusting, Authorization=BEARER) == (200, "/metrics")
    assert served.get(tls=trusting)[0] == 401
    with pytest.raises((http.client.HTTPException, OSError)):
        served.get(Authorization=BEARER)
    with pytest.raises(ssl.SSLCertVerificationError):
        served.get(tls=ssl.create_default_context(), Authorization=BEARER)
    with served.connect():
        assert served.get(tls=trusting, Authorization=BEARER)[0] == 200


def test_pages_are_only_read() -> None:
    """Nothing else is done on them."""
    served = Served()
    assert {served.get(method=each)[0] for each in ("POST", "PUT", "DELETE", "OPTIONS")} == {405}
    assert served.refused == ["method"] * 4


def test_a_request_has_a_size() -> None:
    """Behind it nothing is read any more."""
    served = Served()
    assert served.get(Long="x" * (REQUEST_BYTES_MAX - 500))[0] == 200
    assert served.get(Long="x" * REQUEST_BYTES_MAX)[0] == 431


def test_whoever_is_silent_is_cut_off() -> None:
    """Also who goes on saying a little."""
    served = Served(Access(seconds_max=0.3))
    with served.connect() as connection:
        assert connection.recv(1) == b""
    with served.connect() as connection, suppress(OSError):
        while True:
            connection.sendall(b"GET")


def test_too_many_at_a_time_are_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """And once others have gone there is room again."""
    monkeypatch.setattr(http_server, "CONNECTIONS_MAX", 2)
    served = Served()
    with served.connect(), served.connect(), served.connect() as third:
        assert third.recv(1) == b""
        assert served.refused == ["busy"]
    while True:
        try:
            assert served.get()[0] == 200
        except (http.client.HTTPException, OSError):
            continue
        break


def test_requests_have_a_rate() -> None:
    """So many at once, then so many a second; health is always told, and strangers use up nothing."""
    now = [0.0]
    refused: list[str] = []
    page = guarded(pages, BEARER, refused.append, Rate(lambda: now[0]))

    def ask(path: str = "/metrics", authorization: str = BEARER) -> str:
        told: list[str] = []
        page(
            {"REQUEST_METHOD": "GET", "PATH_INFO": path, "HTTP_AUTHORIZATION": authorization},
            lambda status, headers: told.append(status),
        )
        return told[0][:3]

    assert {ask(authorization="Bearer x") for _ in range(100)} == {"401"}
    assert [ask() for _ in range(REQUESTS_AT_ONCE_MAX + 1)] == ["200"] * REQUESTS_AT_ONCE_MAX + ["429"]
    assert ask("/health/ready") == "200"
    now[0] = 1 / REQUESTS_PER_S_MAX
    assert [ask(), ask()] == ["200", "429"]
    assert refused[-2:] == ["rate", "rate"]


def test_a_token_is_not_sent_in_the_clear_where_workers_speak_tls() -> None:
    """Whatever address somebody names; where they speak none it is what lets readers in."""
    served = Served(Access(authorization=BEARER))
    told = {}
    for trusted in (ssl.create_default_context(), None):
        with pytest.raises(ScrapeError) as caught:
            scrape(f"http://127.0.0.1:{served.port}", Reader(trusted, BEARER))
        told[trusted is None] = str(caught.value)
    assert told == {False: "HTTP 401", True: "what answers there is no fraudstream worker"}
