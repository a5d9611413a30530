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
from fraudstream.engine.privacy.policy import OPEN, Privacy
from fraudstream.engine.usual import Usual, UsualOfBatch
from fraudstream.events.interning import Interner
from fraudstream.rules.binding import Bound, BoundModel
from fraudstream.rules.errors import Problem, RulesetError
from fraudstream.rules.linked import link
from fraudstream.rules.ruleset import Model, Ruleset
from fraudstream.rules.states import START_FROM
from fraudstream.rules.tree import Call
from fraudstream.rules.validation import validated
from fraudstream.rules.view import View
from fraudstream.scorers.config import BlendSpec, ModelSpec
from fraudstream.scorers.performance import Skill
from fraudstream.scorers.protocol import (
    Contribution,
    JudgedScorer,
    LabelScorer,
    Matrix,
    ScoreBatch,
    Scorer,
    Snapshot,
)
from fraudstream.scorers.watched import Watched

CONTRIBUTIONS_MAX = 5
"""How many of the features that raised a score an alert lists ..."""
_RAISED_MAX = 3
"""... and how many of them the reason names."""
_NOT_THE_SCORERS = ("schema", "windows", "title", START_FROM)
"""Keys of a model file that its scorer does not know."""


@dataclass(frozen=True)
class Scored:
    """The scores of one batch by model, and what is needed to explain them."""

    batches: dict[str, tuple[Scorer, ScoreBatch]]
    usual: UsualOfBatch
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
        return ", ".join(self.usual.in_words(model, each, event) for each in top[:_RAISED_MAX])

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
                    "contributions": [self.usual.described(model, each, event) for each in top],
                }
            )
        return described


class Report(NamedTuple):
    """What is to be told of a model.

    `kind` is that of its estimator, `events` how many it has scored, `lessons` how many genuine events and
    frauds it has learned where it learns from labels. `steady` says of each feature, and of the score, for
    how many events it has been watched without a change.
    `rests`: it has drifted, and leaves the events to the rules.
    """

    model: str
    kind: str
    events: int
    lessons: tuple[int, int] | None
    skill: Skill
    steady: Mapping[str, int]
    rests: bool


class ModelStage:
    """Holds the scorers of a ruleset's models, and watches what they read and give for drift."""

    def __init__(self, bound: Bound, interner: Interner, privacy: Privacy = OPEN) -> None:
        self._bound = bound
        self._inputs = link(bound.inputs, interner)
        self._over_scores = link(bound.over_scores, interner)
        self._usual = Usual(bound, interner, privacy)
        self._models = [_watched(each.model) for each in bound.models]

    def score(self, view: View) -> Scored:
        """Score and learn a batch; the scores go into the view."""
        scored = Scored({}, self._usual.of(view))
        # Those that read the scores of others come after these.
        for program, over_scores in ((self._inputs, False), (self._over_scores, True)):
            pairs = [(bound, each) for bound, each in self._pairs() if bound.reads_scores is over_scores]
            if pairs:
                found = program.run(program.inputs(view)).reals
                for bound, watched in pairs:
                    columns = found if len(pairs) == 1 else np.ascontiguousarray(found[:, bound.inputs])
                    self._score(bound.model.spec.id, watched, columns, view, scored)
        return scored

    def _score(self, model: str, watched: Watched, inputs: Matrix, view: View, scored: Scored) -> None:
        batch, drifted = watched.score_and_learn(inputs)
        view.scores[model] = np.where(batch.ready, batch.calibrated, np.nan)
        scored.batches[model] = (watched.scorer, batch)
        scored.drifted.update({(model, what): number for what, number in drifted.items()})

    def judged(self, alerted: NDArray[np.bool_]) -> None:
        """Tell the models that learn by that which events [n] of the last batch raised an alert."""
        for _, watched in self._pairs():
            if isinstance(watched.scorer, JudgedScorer):
                watched.scorer.judged(alerted)

    def performance_drifted(self, model: str) -> None:
        """Take note that what turned out to be fraud got other scores by a model lately."""
        self._models[self.ids.index(model)].performance_drifted()

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the models."""
        return tuple(each.model.spec.id for each in self._bound.models)

    def resting(self) -> dict[str, bool]:
        """Return of each model whether it has drifted and leaves the events to the rules."""
        return {bound.model.spec.id: watched.rests for bound, watched in self._pairs()}

    def wanted(self) -> dict[str, Wanted]:
        """Return what must be known of an event when its label comes: its inputs, per model."""
        return {
            bound.model.spec.id: Wanted(len(watched.scorer.features), "float32")
            for bound, watched in self._pairs()
            if isinstance(watched.scorer, LabelScorer)
        }

    def learn(self, awaiting: Awaiting, places: NDArray[np.int64], fraud: NDArray[np.bool_]) -> None:
        """Learn the events at these places, whose labels have come."""
        for bound, watched in self._pairs():
            if isinstance(watched.scorer, LabelScorer):
                inputs, kept = awaiting.part(bound.model.spec.id, places)
                watched.scorer.learn(inputs[kept].astype(np.float64), fraud[kept])

    def adopt(self, old: ModelStage) -> set[str]:
        """Go on with the scorers of models that learn the same from one start; return the others' ids."""
        known = {each.model.spec.id: (each.model, watched) for each, watched in old._pairs()}
        anew = set()
        for index, (bound, _) in enumerate(self._pairs()):
            model, watched = known.get(bound.model.spec.id, (None, None))
            if watched is not None and model is not None and _learns_the_same(model, bound.model):
                self._models[index].go_on_from(watched)
            else:
                anew.add(bound.model.spec.id)
        return anew

    def _pairs(self) -> Iterator[tuple[BoundModel, Watched]]:
        return zip(self._bound.models, self._models, strict=True)

    def snapshot(self) -> dict[str, Snapshot]:
        """Return the state of every model by its id."""
        return {bound.model.spec.id: watched.snapshot() for bound, watched in self._pairs()}

    def restore(self, state: Mapping[str, Snapshot]) -> None:
        """Go on from a snapshot of the same models."""
        for bound, watched in self._pairs():
            watched.restore(state[bound.model.spec.id])

    def reports(self, skills: Mapping[str, Skill]) -> list[Report]:
        """Return what is to be told of each model; `skills` are by their ids."""
        return [
            Report(
                bound.model.spec.id,
                spec_of(bound.model).estimator.kind,
                watched.scorer.scored,
                watched.scorer.learned if isinstance(watched.scorer, LabelScorer) else None,
                skills.get(bound.model.spec.id, Skill(None, None)),
                watched.steady_events(),
                watched.rests,
            )
            for bound, watched in self._pairs()
        ]

    def exported(self, model: str, fraudstream: str) -> bytes:
        """Return what a model has learned as a file; what was watched for drift stays behind."""
        bound, watched = next(each for each in self._pairs() if each[0].model.spec.id == model)
        version = self._bound.ruleset.version
        return exported(bound.model, spec_of(bound.model), watched.scorer, version, fraudstream)

    def warm(self) -> None:
        """Learn and score so many made-up events that each model does all it can, to be thrown away."""
        for bound, watched in self._pairs():
            watched.warm(spec_of(bound.model).round)

    def pretend(self, view: View, scores: Mapping[str, float]) -> None:
        """Put given scores into the view for every event."""
        for model, score in scores.items():
            view.scores[model] = np.full(len(view), score)


def _watched(model: Model) -> Watched:
    spec = spec_of(model)
    return Watched(begun(model, spec), spec.on_drift, spec.warm_up)


def _learns_the_same(old: Model, new: Model) -> bool:
    return old.learned == new.learned and old.start == new.start


def check_models(ruleset: Ruleset) -> list[Problem]:
    """Return what the scorers find wrong with the model files."""
    problems: list[Problem] = []
    for model in ruleset.models:
        try:
            spec = spec_of(model)
            check_start(model, spec)
        except RulesetError as error:
            problems += error.problems
            continue
        if isinstance(spec.estimator, BlendSpec):
            problems += [
                model.file.problem(("features", name), f"a blend reads scores: write {name} as score(...)")
                for name, node in model.inputs.items()
                if not (isinstance(node, Call) and node.function == "score")
            ]
    return problems


def spec_of(model: Model) -> ModelSpec:
    """Return the scorers' part of a model file; RulesetError says where it does not fit."""
    file = model.file
    content = {key: value for key, value in file.data.items() if key not in _NOT_THE_SCORERS}
    content["features"] = {name: _without_usual(each) for name, each in content["features"].items()}
    return validated(replace(file, data=content), ModelSpec)


def _without_usual(feature: Any) -> Any:
    """Return a feature of a model file without what only the reader of an alert needs."""
    if not isinstance(feature, dict):
        return feature
    return {key: value for key, value in feature.items() if key != "usual"}
