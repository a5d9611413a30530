"""`fraudstream` with an engine that raises on events which say POISON, and quotes them in what it raises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fraudstream.cli.main import app
from fraudstream.engine.step import Engine

POISON = b"POISON"


def talk() -> None:
    """Have the engine raise on poison, before it has changed anything."""
    plain: Any = Engine.step

    def step(self: Any, values: Sequence[bytes | None], *rest: Any, **named: Any) -> Any:
        for value in values:
            if POISON in (value or b""):
                raise KeyError((value or b"").decode())
        return plain(self, values, *rest, **named)

    Engine.step = step  # type: ignore[method-assign]


if __name__ == "__main__":
    talk()
    app()
