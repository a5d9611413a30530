"""`fraudstream` with a fold that raises on events which say POISON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fraudstream.cli.main import app
from fraudstream.engine.keyed.ingest import Ingest
from fraudstream.engine.step import Engine

POISON = b"POISON"


class PoisonError(RuntimeError):
    """What the fold raises."""


def poison(fold: type[Engine] | type[Ingest]) -> None:
    """Have a fold raise on poison, before it has changed anything."""
    plain: Any = fold.step

    def step(self: Any, values: Sequence[bytes | None], *rest: Any, **named: Any) -> Any:
        if any(POISON in (value or b"") for value in values):
            raise PoisonError("this event is poison")
        return plain(self, values, *rest, **named)

    fold.step = step  # type: ignore[method-assign]


if __name__ == "__main__":
    poison(Engine)
    poison(Ingest)
    app()
