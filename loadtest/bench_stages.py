"""The stages of a step one after the other: the one place where the benchmark reaches into the engine."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from fraudstream.engine import alerting
from fraudstream.engine.alerting import Alerting
from fraudstream.engine.deciding import Decider
from fraudstream.engine.duplicates import Duplicates
from fraudstream.engine.features import FeatureStage
from fraudstream.engine.generations import stores_for
from fraudstream.engine.judging import Judge
from fraudstream.engine.models import ModelStage
from fraudstream.engine.step import Settings
from fraudstream.engine.watermark import NEVER_US, Watermark
from fraudstream.events.decode import Decoder
from fraudstream.events.interning import Interner
from fraudstream.rules.binding import BoundRule, bind
from fraudstream.rules.ruleset import Ruleset
from fraudstream.rules.vectors import Vectors
from fraudstream.rules.view import View

_T = TypeVar("_T")


class Clock:
    """Adds up the seconds that calls take, by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def __call__(self, stage: str, call: Callable[[], _T]) -> _T:
        """Time one call."""
        start = time.perf_counter()
        result = call()
        self.seconds[stage] += time.perf_counter() - start
        return result


@dataclass(frozen=True)
class Judged:
    """A batch whose rules can be judged again and again: its values are there, as a step would have them."""

    events: int
    judge: Callable[[], Vectors]
    """Evaluates every rule on every event, and returns what each expression came to."""
    text: Callable[[str, int], str | None]
    """Returns the text that an event has in a column."""


class Stages:
    """Does what `Engine.step` does, stage by stage."""

    def __init__(self, ruleset: Ruleset) -> None:
        settings = Settings()
        interner = Interner()
        bound = bind(ruleset, settings.schema)
        self.rules: list[BoundRule] = bound.rules
        self._decoder = Decoder(settings.schema, interner)
        self._duplicates = Duplicates(settings.duplicates)
        stores = stores_for(bound, settings.limits, NEVER_US)
        self._features = FeatureStage(bound, interner, stores)
        self._models = ModelStage(bound, interner)
        self._judge = Judge(bound, interner)
        self._watermark = Watermark()
        self._decider = Decider(bound, settings.limits.lateness_us)
        self._alerting = Alerting(bound, settings.limits.lateness_us)

    def step(self, payloads: Sequence[bytes], clock: Clock) -> Judged | None:
        """Fold one batch and time every stage; None where no event of it is new and sound."""
        decoded, _ = clock("decode", lambda: self._decoder.decode(payloads))
        fresh = clock("duplicates", lambda: self._duplicates.first_seen(decoded.ids, decoded.time_us))
        events = decoded if fresh.all() else decoded.take(np.flatnonzero(fresh))
        if not len(events):
            return None
        view = View(events)
        tide = self._watermark.advance(events.time_us)
        frame = clock("windows", lambda: self._features.advance(view, tide))
        scored = clock("model", lambda: self._models.score(view))
        judgement = clock("rules", lambda: self._judge.judge(view))
        hits, vectors = judgement.hits, judgement.vectors
        decided = clock("combine", lambda: self._decider.decide(hits, vectors, events, tide))
        told = alerting.Judged(events, vectors, self._features, frame, scored, decided, tide, hits)
        clock("explain", lambda: self._explain(told))
        return Judged(len(events), lambda: self._judge.judge(view).vectors, events.text)

    def _explain(self, judged: alerting.Judged) -> None:
        found, _ = self._alerting.told(judged.decided.verdicts, judged)
        self._alerting.written(found, judged)
