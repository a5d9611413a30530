"""What decoding gives: events as columns, and the messages that are no events as dead letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class DeadLetter:
    """A message that could not be judged: its row in the batch, why, at which stage, and in words."""

    row: int
    reason: str
    stage: str
    detail: str


@dataclass(frozen=True)
class Numbers:
    """A numeric column; `present` is False where the event has none (the value there means nothing)."""

    values: NDArray[np.int64] | NDArray[np.float64]
    present: NDArray[np.bool_]

    def take(self, index: NDArray[np.intp]) -> Numbers:
        """Return the rows of `index`."""
        return Numbers(self.values[index], self.present[index])


@dataclass(frozen=True)
class EventBatch:
    """n events as columns, in stream order.

    `row` (n) leads back to the messages of the batch; a text column is a list of n texts or None, and an
    absent name in `text` means that no event of the batch has it. `amount` is in minor units of the
    event's own currency, `time_us` in microseconds since 1970 UTC.
    """

    row: NDArray[np.int32]
    time_us: NDArray[np.int64]
    text: Mapping[str, Sequence[str | None]]
    numbers: Mapping[str, Numbers]

    def __len__(self) -> int:
        return len(self.row)

    def take(self, index: NDArray[np.intp]) -> EventBatch:
        """Return the events of `index`, in its order."""
        # One call for a whole column; of one index itemgetter would return no tuple.
        picks = index.tolist()
        pick = itemgetter(*picks) if len(picks) > 1 else lambda column: [column[each] for each in picks]
        return EventBatch(
            self.row[index],
            self.time_us[index],
            {name: pick(column) for name, column in self.text.items()},
            {name: numbers.take(index) for name, numbers in self.numbers.items()},
        )
