"""What events are worth in the base currency of a ruleset, as `amount_<base>` of the language has it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.batch import EventBatch
from fraudstream.rules.binding import Bound
from fraudstream.rules.linked import Linked, link
from fraudstream.rules.program import Program
from fraudstream.rules.scope import AMOUNT_PREFIX
from fraudstream.rules.view import View


class Worth:
    """Converts the amounts of whole batches, all of one engine."""

    def __init__(self) -> None:
        self._linked: Linked | None = None

    def of(self, bound: Bound, batch: EventBatch) -> NDArray[np.float64]:
        """Return minor units of the base currency [n], 0 where an event has no amount or there is no rate."""
        if self._linked is None:
            symbol = bound.scope.find(AMOUNT_PREFIX + bound.ruleset.rates.base.lower())
            assert symbol is not None, "the base currency has a rate"
            program = Program()
            program.emit_real(symbol.read(program))
            self._linked = link(program, batch.texts)
        amounts = self._linked.run(self._linked.inputs(View(batch))).reals[:, 0]
        return np.nan_to_num(amounts, copy=False, nan=0.0)
