"""`fraudstream` with a fold that raises on events which say POISON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fraudstream.cli.main import app
from fraudstream.engine.features import FeatureStage
from fraudstream.engine.keyed.ingest import Ingest
from fraudstream.engine.stages import Stages
from fraudstream.engine.step import Engine
from fraudstream.rules.view import View

POISON = b"POISON"
IN_SHARE, IN_MERGE = "share", "merge"
"""How the ids of those events begin on which only a later stage of a keyed topology fails."""


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


def poison_behind(room: Any, method: str, word: str) -> None:
    """Have a part of the fold raise on events whose id begins with a word, after it has changed its state."""
    plain: Any = getattr(room, method)

    def step(self: Any, first: Any, *rest: Any, **named: Any) -> Any:
        found = plain(self, first, *rest, **named)
        batch = first.batch if isinstance(first, View) else first
        if any(each.startswith(word) for each in batch.ids.all()):
            raise PoisonError("this event is poison")
        return found

    setattr(room, method, step)


if __name__ == "__main__":
    poison(Engine)
    poison(Ingest)
    poison_behind(FeatureStage, "advance_part", IN_SHARE)
    poison_behind(Stages, "run", IN_MERGE)
    app()
