"""The model stage: every model scores and learns each event, after the windows and before the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.awaiting import Awaiting, Wanted
from fraudstream.engine.model_states import begun, check_start, exported
from fraudstream.events.interning import Interner
from fraudstream.rules.binding import Bound, BoundModel
from fraudstream.rules.errors import Problem, RulesetError
from fraudstream.rules.linked import link
from fraudstream.rules.ruleset import Model, Ruleset
from fraudstream.rules.states import START_FROM
from fraudstream.rules.validation import validated
from fraudstream.rules.view import View
from fraudstream.scorers.config import ModelSpec
from fraudstream.scorers.drift import BLOCK, Drift
from fraudstream.scorers.performance import Skill
from fraudstream.scorers.protocol import Contribution, LabelScorer, ScoreBatch, Scorer, Snapshot

CONTRIBUTIONS_MAX = 5
"""How many of the features that raised a score an alert lists ..."""
_RAISED_MAX = 3
"""... and how many of them the reason names."""
SCORE = "score"
"""What has drifted where it is no feature."""
_NOT_THE_SCORERS = ("schema", "windows", "title", START_FROM)
"""Keys of a model file that its scorer does not know."""


@dataclass(frozen=True)
class Scored:
    """The scores of one batch by model, and what is needed to explain them."""

    batches: Mapping[str, tuple[Scorer, ScoreBatch]]
    drifted: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often a feature of a model, or its score, has drifted."""
    _raised: dict[tuple[str, int], list[Contribution]] = field(default_factory=dict)

    def inputs(self) -> dict[str, NDArray[np.float32]]:
        """Return what the models that learn from labels have read, float32 [n, d] per model."""
        return {
            model: batch.x.astype(np.float32)
            for model, (scorer, batch) in self.batches.items()
            if isinstance(scorer, LabelScorer)
        }

    def scores(self) -> dict[str, NDArray[np.float32]]:
        """Return the calibrated score of every event, float32 [n] per model; NaN where none was given."""
        return {
            model: np.where(batch.ready, batch.calibrated, np.nan).astype(np.float32)
            for model, (_, batch) in self.batches.items()
        }

    def given(self) -> dict[str, NDArray[np.float64]]:
        """Return the calibrated scores that were given, per model."""
        return {model: batch.calibrated[batch.ready] for model, (_, batch) in self.batches.items()}

    def raised_by(self, model: str, event: int) -> str:
        """Say in words which features raised a model's score of an event; empty where it gave none."""
        if model not in self.batches:
            return ""
        top = self._top(model, event) if self.batches[model][1].ready[event] else []
        return ", ".join(f"{each.feature} ({each.direction})" for each in top[:_RAISED_MAX])

    def _top(self, model: str, event: int) -> list[Contribution]:
        """Return what raised a score, explained once for all that tell of it."""
        place = (model, event)
        if place not in self._raised:
            scorer, batch = self.batches[model]
            self._raised[place] = scorer.explain(batch, event, CONTRIBUTIONS_MAX)
        return self._raised[place]

    def describe(self, event: int) -> list[dict[str, Any]]:
        """Return what an alert says of each model that scored the event, ready to be written as JSON."""
        described = []
        for model, (_, batch) in self.batches.items():
            if not batch.ready[event]:
                continue
            top = self._top(model, event)
            described.append(
                {
                    "id": model,
                    "score": float(batch.calibrated[event]),
                    "raw_score": float(batch.raw[event]),
                    "contributions": top,
                }
            )
        return described


class Report(NamedTuple):
    """What is to be told of a model.

    `kind` is that of its estimator, `events` how many it has scored, `lessons` how many genuine events and
    frauds it has learned where it learns from labels. `steady` says of each feature, and of the score, for
    how many events it has been watched without a change.
    """

    model: str
    kind: str
    events: int
    lessons: tuple[int, int] | None
    skill: Skill
    steady: Mapping[str, int]


class ModelStage:
    """Holds the scorers of a ruleset's models, and watches what they read and give for drift."""

    def __init__(self, bound: Bound, interner: Interner) -> None:
        self._bound = bound
        self._inputs = link(bound.inputs, interner)
        self._scorers = [begun(each.model, spec_of(each.model)) for each in bound.models]
        self._drifts = [Drift(len(scorer.features) + 1) for scorer in self._scorers]

    def score(self, view: View) -> Scored:
        """Score and learn a batch; the scores go into the view."""
        if not self._scorers:
            return Scored({})
        found = self._inputs.run(self._inputs.inputs(view)).reals
        batches = {}
        drifted: Counter[tuple[str, str]] = Counter()
        for (model, scorer), drift in zip(self._pairs(), self._drifts, strict=True):
            inputs = found if len(self._scorers) == 1 else np.ascontiguousarray(found[:, model.inputs])
            batch = scorer.score_and_learn(inputs)
            view.scores[model.model.spec.id] = np.where(batch.ready, batch.calibrated, np.nan)
            batches[model.model.spec.id] = (scorer, batch)
            # Before a model is ready its windows fill up, which is no drift.
            seen = drift.observe(np.column_stack([batch.x, batch.raw])[batch.ready])
            for place in np.flatnonzero(seen):
                drifted[model.model.spec.id, [*scorer.features, SCORE][place]] += int(seen[place])
        return Scored(batches, drifted)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the models."""
        return tuple(each.model.spec.id for each in self._bound.models)

    def wanted(self) -> dict[str, Wanted]:
        """Return what must be known of an event when its label comes: its inputs, per model."""
        return {
            bound.model.spec.id: Wanted(len(scorer.features), "float32")
            for bound, scorer in self._pairs()
            if isinstance(scorer, LabelScorer)
        }

    def learn(self, awaiting: Awaiting, places: NDArray[np.int64], fraud: NDArray[np.bool_]) -> None:
        """Learn the events at these places, whose labels have come."""
        for bound, scorer in self._pairs():
            if isinstance(scorer, LabelScorer):
                inputs, kept = awaiting.part(bound.model.spec.id, places)
                scorer.learn(inputs[kept].astype(np.float64), fraud[kept])

    def adopt(self, old: ModelStage) -> set[str]:
        """Go on with the scorers of models whose files and starts are the same; return the others' ids."""
        known = {each.model.spec.id: (each.model, scorer) for each, scorer in old._pairs()}
        anew = set()
        for index, (bound, _) in enumerate(self._pairs()):
            model, scorer = known.get(bound.model.spec.id, (None, None))
            if scorer is not None and model is not None and _says_the_same(model, bound.model):
                self._scorers[index] = scorer
                self._drifts[index] = old._drift_of(bound.model.spec.id)
            else:
                anew.add(bound.model.spec.id)
        return anew

    def _drift_of(self, model: str) -> Drift:
        return self._drifts[self.ids.index(model)]

    def _pairs(self) -> Iterator[tuple[BoundModel, Scorer]]:
        return zip(self._bound.models, self._scorers, strict=True)

    def snapshot(self) -> dict[str, Snapshot]:
        """Return the state of every model by its id."""
        return {
            bound.model.spec.id: {**scorer.snapshot(), **drift.snapshot()}
            for (bound, scorer), drift in zip(self._pairs(), self._drifts, strict=True)
        }

    def restore(self, state: Mapping[str, Snapshot]) -> None:
        """Go on from a snapshot of the same models."""
        for (bound, scorer), drift in zip(self._pairs(), self._drifts, strict=True):
            scorer.restore(state[bound.model.spec.id])
            drift.restore(state[bound.model.spec.id])

    def reports(self, skills: Mapping[str, Skill]) -> list[Report]:
        """Return what is to be told of each model; `skills` are by their ids."""
        return [
            Report(
                bound.model.spec.id,
                spec_of(bound.model).estimator.kind,
                scorer.scored,
                scorer.learned if isinstance(scorer, LabelScorer) else None,
                skills.get(bound.model.spec.id, Skill(None, None)),
                dict(zip([*scorer.features, SCORE], drift.steady_events(), strict=True)),
            )
            for (bound, scorer), drift in zip(self._pairs(), self._drifts, strict=True)
        ]

    def exported(self, model: str, fraudstream: str) -> bytes:
        """Return what a model has learned as a file; what was watched for drift stays behind."""
        bound, scorer = next(each for each in self._pairs() if each[0].model.spec.id == model)
        version = self._bound.ruleset.version
        return exported(bound.model, spec_of(bound.model), scorer, version, fraudstream)

    def warm(self) -> None:
        """Score and learn a window of made-up events per model, and explain one, to be thrown away."""
        for (bound, scorer), drift in zip(self._pairs(), self._drifts, strict=True):
            drift.observe(np.zeros((BLOCK, len(scorer.features) + 1)))
            events = spec_of(bound.model).estimator.silent + 1
            scorer.explain(scorer.score_and_learn(np.zeros((events, len(scorer.features)))), 0, 1)

    def pretend(self, view: View, scores: Mapping[str, float]) -> None:
        """Put given scores into the view for every event."""
        for model, score in scores.items():
            view.scores[model] = np.full(len(view), score)


def _says_the_same(old: Model, new: Model) -> bool:
    return old.file.data == new.file.data and old.start == new.start


def check_models(ruleset: Ruleset) -> list[Problem]:
    """Return what the scorers find wrong with the model files."""
    problems: list[Problem] = []
    for model in ruleset.models:
        try:
            check_start(model, spec_of(model))
        except RulesetError as error:
            problems += error.problems
    return problems


def spec_of(model: Model) -> ModelSpec:
    """Return the scorers' part of a model file; RulesetError says where it does not fit."""
    file = model.file
    content = {key: value for key, value in file.data.items() if key not in _NOT_THE_SCORERS}
    return validated(replace(file, data=content), ModelSpec)
