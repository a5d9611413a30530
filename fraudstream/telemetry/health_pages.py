"""Answers `/health/live` and `/health/ready` beside whatever else a server answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson

from fraudstream.telemetry.health import Health

Pages = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
"""A WSGI application."""

_STATUS = {True: "200 OK", False: "503 Service Unavailable"}


def with_health(pages: Pages, health: Health) -> Pages:
    """Return an application that answers the two pages by itself, and leaves all others to `pages`.

    200 says yes and 503 no; the body is one JSON object that says why.
    """

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        told = _told(str(environ.get("PATH_INFO")), health)
        if told is None:
            return pages(environ, start_response)
        is_well, body = told
        headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
        start_response(_STATUS[is_well], headers)
        return [orjson.dumps(body) + b"\n"]

    return answer


def _told(path: str, health: Health) -> tuple[bool, dict[str, Any]] | None:
    if path == "/health/live":
        why = health.silent()
        return why is None, {"status": "live"} if why is None else {"status": "dead", "why": why}
    if path == "/health/ready":
        summary = health.summary()
        return summary["status"] == "ready", summary
    return None
