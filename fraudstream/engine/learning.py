"""What becomes known of an event later: kept of each until its label comes, and learned then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.alerting import Judged
from fraudstream.engine.awaiting import Awaiting, Told, Wait, Wanted
from fraudstream.engine.features import FeatureStage
from fraudstream.engine.labels import Labels
from fraudstream.engine.models import ModelStage, spec_of
from fraudstream.engine.result import Alert, AlertKind
from fraudstream.events.batch import EventBatch, Ids
from fraudstream.events.interning import MISSING, Interner
from fraudstream.events.schema import Schema
from fraudstream.rules.errors import RulesetError
from fraudstream.rules.ruleset import Model, Rule, Ruleset
from fraudstream.rules.schema import FeatureSpec
from fraudstream.scorers.performance import Performance, Skill


class Learned(NamedTuple):
    """What came of labels.

    `counts` counts them as fraud, genuine, repeated or unknown, and `drifted` by model how often the scores
    of frauds have drifted. `delay_us` int64 [k] tells of those that are the first of their event how long
    after it they came, in microseconds of event time.
    """

    counts: Counter[str]
    drifted: Counter[str]
    delay_us: NDArray[np.int64]


class Learning:
    """Learns labels by what was known of their events when those were judged.

    The windows that count labels count them at the watermark of the moment, and the models take them in at
    once: so nothing is read before it is known. What each model's scores were worth is counted by the way.
    """

    def __init__(self, wait: Wait, schema: Schema, interner: Interner) -> None:
        self._schema = schema
        self._interner = interner
        self._awaiting = Awaiting(wait)
        self._performance: dict[str, Performance] = {}
        self._features: FeatureStage
        self._models: ModelStage

    def install(self, features: FeatureStage, models: ModelStage, anew: Collection[str] = ()) -> None:
        """Learn for these from now on; the models `anew` know nothing of the events before."""
        self._features, self._models = features, models
        wanted = {_code(column): Wanted(1, "int32") for column in features.label_columns}
        wanted |= {_score(model): Wanted(1, "float32") for model in models.ids} | models.wanted()
        self._awaiting.want(wanted, {*anew, *map(_score, anew)})
        known = {model: each for model, each in self._performance.items() if model not in anew}
        self._performance = {model: known.get(model) or Performance() for model in models.ids}

    def keep(self, judged: Judged, alerts: Collection[Alert]) -> None:
        """Keep what is needed of a judged batch, if anything is."""
        if not self._awaiting.wants:
            return
        batch = judged.batch
        kept: dict[str, NDArray[Any]] = {
            _code(column): batch.code(column)[:, None] for column in self._features.label_columns
        }
        kept |= {_score(model): scores[:, None] for model, scores in judged.scored.scores().items()}
        self._awaiting.enter(batch.ids, batch.time_us, kept | judged.scored.inputs())
        told = [alert for alert in alerts if alert.kind is AlertKind.EVENT]
        if told:
            rows = np.searchsorted(batch.row, [alert.row for alert in told])
            self._awaiting.alerted(Ids.of([alert.alert_id for alert in told]), batch.ids.take(rows))

    def learn(self, labels: Labels, watermark_us: int) -> Learned:
        """Learn labels in their order; they are known from the watermark on."""
        told = self._awaiting.tell(labels, watermark_us)
        drifted: Counter[str] = Counter()
        if len(told.places):
            drifted = self._assess(told)
            self._models.learn(self._awaiting, told.places, told.fraud)
            self._count(told, watermark_us)
        frauds = int(np.count_nonzero(told.fraud))
        counts = Counter(
            fraud=frauds,
            genuine=len(told.fraud) - frauds,
            repeated=told.repeated,
            unknown=told.unknown,
        )
        return Learned(counts, drifted, np.maximum(watermark_us - told.time_us, 0))

    def _assess(self, told: Told) -> Counter[str]:
        drifted = Counter[str]()
        for model, performance in self._performance.items():
            scores, kept = self._awaiting.part(_score(model), told.places)
            times = performance.learn(scores[kept, 0].astype(np.float64), told.fraud[kept])
            if times:
                drifted[model] = times
                self._models.performance_drifted(model)
        return drifted

    def skills(self) -> dict[str, Skill]:
        """Return what each model is worth by the labels so far."""
        return {model: performance.skill() for model, performance in self._performance.items()}

    def _count(self, told: Told, watermark_us: int) -> None:
        columns = self._features.label_columns
        if columns:
            codes = {column: self._codes(column, told.places) for column in columns}
            batch = _dated(self._schema, self._interner, codes, told.ids, watermark_us)
            self._features.learn(batch, told.fraud)

    def _codes(self, column: str, places: NDArray[np.int64]) -> NDArray[np.int32]:
        codes, kept = self._awaiting.part(_code(column), places)
        return np.where(kept, codes[:, 0], np.int32(MISSING))

    @property
    def bytes(self) -> int:
        """How many bytes of memory the waiting events take."""
        return self._awaiting.bytes

    def snapshot(self) -> dict[str, Any]:
        """Return the events that wait, and how the models did."""
        performance = {
            model: {name: array.copy() for name, array in each.arrays().items()}
            for model, each in self._performance.items()
        }
        return {"awaiting": self._awaiting.snapshot(), "performance": performance}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot."""
        self._awaiting.restore(state["awaiting"])
        for model, performance in self._performance.items():
            for name, array in performance.arrays().items():
                # Labels were counted before they were watched for drift.
                array[...] = state["performance"][model].get(name, array)


def refuse_labels(ruleset: Ruleset) -> None:
    """Raise RulesetError where anything in a ruleset waits for labels."""
    remedy = (
        "no labels come: name their topic in the topology's labels (not with keyed, which takes none yet), "
        "or take this out"
    )
    owners: list[tuple[Rule | Model, str, Mapping[str, FeatureSpec]]] = [
        *((rule, "features", rule.spec.features) for rule in ruleset.rules if rule.runs),
        *((model, "windows", model.spec.windows) for model in ruleset.models),
    ]
    problems = [
        owner.file.problem((section, name), f"{name} counts labels, but {remedy}")
        for owner, section, specs in owners
        for name, spec in specs.items()
        if spec.of_labels
    ]
    problems += [
        model.file.problem(("estimator",), f"{model.spec.id} learns from labels, but {remedy}")
        for model in ruleset.models
        if spec_of(model).learns_from_labels
    ]
    if problems:
        raise RulesetError(problems)


def _code(column: str) -> str:
    """Return the name under which the codes of a column are kept; no model has a space in its id."""
    return f"code {column}"


def _score(model: str) -> str:
    return f"score {model}"


def _dated(
    schema: Schema, texts: Interner, codes: Mapping[str, NDArray[np.int32]], ids: Ids, time_us: int
) -> EventBatch:
    """Return events of which only some text columns are known, all at one time."""
    events, wholes, reals = len(ids), len(schema.wholes), len(schema.reals)
    known = np.full((len(schema.texts), events), MISSING, np.int32)
    for column, values in codes.items():
        known[schema.row_of[column]] = values
    return EventBatch(
        schema,
        np.arange(events, dtype=np.int32),
        np.full(events, time_us, np.int64),
        known,
        np.zeros((wholes, events), np.int64),
        np.zeros((wholes, events), np.bool_),
        np.zeros((reals, events)),
        np.zeros((reals, events), np.bool_),
        ids,
        texts,
    )
