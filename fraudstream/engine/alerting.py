"""The alert stage: of the events that a live rule hit, which are told, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from fraudstream.engine.alert_writer import AlertWriter
from fraudstream.engine.alerts import describe_overflow
from fraudstream.engine.budget import Overflow
from fraudstream.engine.deciding import Decided, Verdict
from fraudstream.engine.features import FeatureSource
from fraudstream.engine.generations import Features
from fraudstream.engine.models import Scored
from fraudstream.engine.privacy.policy import OPEN, Privacy
from fraudstream.engine.privacy.veils import Veils
from fraudstream.engine.reaches import Warming
from fraudstream.engine.result import Alert, AlertKind
from fraudstream.engine.telling import Kept, Teller, Told
from fraudstream.engine.watermark import Tide
from fraudstream.events.batch import EventBatch
from fraudstream.rules.binding import Bound
from fraudstream.rules.vectors import Vectors

Found = Told | tuple[int, Overflow]
"""What an alert tells of: a verdict, or a summary and the event at which it is due."""


class Judged(NamedTuple):
    """All that is known of one judged batch of n events; `hits` is bool [rules, n], shadow rules' too."""

    batch: EventBatch
    vectors: Vectors
    features: FeatureSource
    frame: Features
    scored: Scored
    decided: Decided
    tide: Tide
    hits: NDArray[np.bool_]
    warming: Warming | None = None


class Alerting:
    """Turns hits into alerts, and remembers which rule keeps quiet for whom.

    Those of `shadow` rules say so.
    """

    def __init__(
        self, bound: Bound, lateness_us: int, *, privacy: Privacy = OPEN, shadow: bool = False
    ) -> None:
        self._veils = Veils(privacy, bound.schema)
        self._shadow = shadow
        self._version = bound.ruleset.version
        self._teller = Teller(bound.ruleset, lateness_us)
        self._writer = AlertWriter(bound, self._veils, shadow=shadow)

    def told(self, verdicts: Sequence[Verdict], judged: Judged) -> tuple[list[Found], Kept]:
        """Return what is told of a batch with some verdicts, in stream order, and what is not."""
        kept = Kept()
        found: list[Found] = []
        for verdict in verdicts:
            found += self._teller.overflows(judged.tide, verdict.event + 1)
            told = self._teller.told(verdict, judged.batch, judged.tide, kept)
            if told is not None:
                found.append(told)
        found += self._teller.overflows(judged.tide, len(judged.batch))
        return found, kept

    def written(self, found: Sequence[Found], judged: Judged) -> list[Alert]:
        """Return the alerts and summaries that tell of what was found."""
        written = iter(self._writer.written([each for each in found if isinstance(each, Told)], judged))
        return [
            next(written) if isinstance(each, Told) else self._summary(*each, judged.batch) for each in found
        ]

    def _summary(self, event: int, overflow: Overflow, batch: EventBatch) -> Alert:
        content = describe_overflow(overflow, self._version, self._veils, shadow=self._shadow)
        key = overflow.rule["id"].encode()
        row = int(batch.row[event])
        return Alert(row, content["alert_id"], key, orjson.dumps(content), AlertKind.OVERFLOW)

    def snapshot(self) -> dict[str, bytes | int]:
        """Return what is remembered of earlier hits."""
        return self._teller.snapshot()

    def restore(self, state: Mapping[str, bytes | int]) -> None:
        """Go on from a snapshot, also from that of an earlier ruleset."""
        self._teller.restore(state)
