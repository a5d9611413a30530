"""The model file: what a scorer is made of, and the making of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from fraudstream.scorers.binned_logistic import BinnedLogistic
from fraudstream.scorers.blend import Blend
from fraudstream.scorers.calibration import Calibrator
from fraudstream.scorers.forest import Forest
from fraudstream.scorers.fused import Detector, Fused
from fraudstream.scorers.imputation import Imputer
from fraudstream.scorers.loda import Loda
from fraudstream.scorers.protocol import BATCH_ROWS_MAX, Scorer
from fraudstream.scorers.river_path import RiverPipeline
from fraudstream.scorers.scaling import MinMax, Scaler, Standard, Unscaled
from fraudstream.scorers.selective import Confirmed, Sparing
from fraudstream.scorers.watched import OnDrift

LEAVES_MAX = 2**21
"""Of all trees of a model together; such a model takes about 60 MB."""


class _Strict(BaseModel):
    """A part of a file: unknown keys are refused, values are not bent into shape."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ModelFeature(_Strict):
    """One input: an expression over columns and windows, and what to put where it is missing.

    Without `missing`, the mean of the feature's earlier values is put there.
    """

    expr: str = Field(min_length=1)
    missing: float | None = None


class HalfSpaceTreesSpec(_Strict):
    """River's HalfSpaceTrees: how many trees, their height, and the events that one window learns."""

    kind: Literal["half_space_trees"]
    trees: int = Field(25, ge=1)
    height: int = Field(8, ge=1, le=15)
    window: int = Field(1_000, ge=1, le=1_000_000)

    @model_validator(mode="after")
    def _bounded(self) -> HalfSpaceTreesSpec:
        leaves = self.trees * 2**self.height
        if leaves > LEAVES_MAX:
            raise ValueError(
                f"trees * 2^height is {leaves:,}, at most {LEAVES_MAX:,} leaves are kept: lower one of them"
            )
        return self

    @property
    def silent(self) -> int:
        """How many first scores say nothing."""
        return self.window

    def build(self, features: tuple[str, ...], seed: int) -> Detector:
        """Make the detector."""
        return Forest(features, self.trees, self.height, self.window, seed)


class LodaSpec(_Strict):
    """LODA: how many histograms, their bins, and the events after which an event counts half."""

    kind: Literal["loda"]
    projections: int = Field(100, ge=1, le=1_000)
    bins: int = Field(40, ge=4, le=1_000)
    half_life: int = Field(50_000, ge=100, le=100_000_000)

    @property
    def silent(self) -> int:
        """How many first scores say nothing."""
        return 1

    def build(self, features: tuple[str, ...], seed: int) -> Detector:
        """Make the detector."""
        return Loda(len(features), self.projections, self.bins, self.half_life, seed)


class BinnedLogisticSpec(_Strict):
    """Logistic regression on binned features, learned from labels: AdaGrad's rate, and what fixes the bins.

    The first `first` labelled events fix the bins; until they are there no score is ready.
    """

    kind: Literal["binned_logistic"]
    rate: float = Field(0.3, gt=0, le=10)
    first: int = Field(10_000, ge=100, le=1_000_000)

    @property
    def silent(self) -> int:
        """How many first scores say nothing, once the labels are there."""
        return 1


class BlendSpec(_Strict):
    """Other models' scores as one, each weighed by what it adds to the others by the labels so far.

    Its features are such scores: `score("anomaly")`.
    """

    kind: Literal["blend"]

    @property
    def silent(self) -> int:
        """How many first scores say nothing."""
        return 1


class RiverSpec(_Strict):
    """A detector of River by its name, such as `OneClassSVM`, at River's speed; see `river_names.py`.

    `parameters` are those of its constructor. `silent` is how many of its first scores say nothing.
    """

    kind: Literal["river"]
    name: str = Field(min_length=1)
    parameters: dict[str, bool | int | float | str] = {}
    silent: int = Field(1, ge=0)

    @model_validator(mode="after")
    def _known_to_river(self) -> RiverSpec:
        self.build("none", seed=0)
        return self

    def build(self, scaler: str, seed: int) -> Any:
        """Make the pipeline; ScorerError where River does not take it."""
        # River takes a second to import, which only those who use it shall wait for.
        from fraudstream.scorers.river_names import pipeline  # noqa: PLC0415

        return pipeline(self.name, self.parameters, scaler, seed)


def _from_text(value: object) -> object:
    return {"expr": value} if isinstance(value, str) else value


Estimator = Annotated[
    HalfSpaceTreesSpec | LodaSpec | BinnedLogisticSpec | BlendSpec | RiverSpec, Field(discriminator="kind")
]
Selectable = HalfSpaceTreesSpec | LodaSpec
"""Those that may choose what they learn."""
SCALERS: dict[str, Callable[[int], Scaler]] = {
    "min_max": MinMax,
    "standard": Standard,
    "none": lambda _: Unscaled(),
}
_SUITABLE = {
    "half_space_trees": ("min_max", "none"),
    "loda": ("standard",),
    "binned_logistic": ("none",),
    "blend": ("none",),
    "river": ("standard", "min_max", "none"),
}
"""By estimator the scalers that give it what it needs, its usual one first."""
Input = Annotated[ModelFeature, BeforeValidator(_from_text)]


class ModelSpec(_Strict):
    """A whole model.

    `features` maps names to inputs, in the order of the columns; a bare text is short for `{expr: text}`.
    `warm_up` is the number of first events whose scores must not be acted on; where the model learns from
    labels, of those that are scored after it has learned enough of them.

    `learn` says which events an unsupervised model learns: all as they are scored; or after they were judged,
    those without an alert; or, once their labels have come, the genuine ones. With `guard` it learns no event
    whose score is at or above that. `on_drift` is what follows a drift of a feature, its score or its
    performance.
    """

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    features: dict[str, Input] = Field(min_length=1, max_length=1_000)
    estimator: Estimator
    scaler: Literal["min_max", "standard", "none"]
    warm_up: int = Field(ge=1)
    seed: int = Field(ge=0)
    learn: Literal["all", "not_alerted", "confirmed_good"] = "all"
    guard: float | None = Field(None, gt=0, le=1)
    on_drift: OnDrift = "warn"

    @property
    def learns_from_labels(self) -> bool:
        """Whether it learns events whose labels are known, and no others."""
        by_kind = isinstance(self.estimator, BinnedLogisticSpec | BlendSpec)
        return by_kind or self.learn == "confirmed_good"

    @property
    def spares(self) -> bool:
        """Whether it learns some blocks later, to leave some events out."""
        return self.learn == "not_alerted" or self.guard is not None

    @property
    def silent(self) -> int:
        """How many first scores say nothing; where it learns from labels, of those once they are there."""
        return self.estimator.silent + (2 * BATCH_ROWS_MAX if self.spares else 0)

    @property
    def round(self) -> int:
        """How many rows, and before them lessons where it learns from labels, take it through all it does."""
        lessons = self.estimator.first if isinstance(self.estimator, BinnedLogisticSpec) else 0
        return max(self.silent, lessons) + 1

    @model_validator(mode="before")
    @classmethod
    def _usual_scaler(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and "scaler" not in given:
            estimator = given.get("estimator")
            kind = str(estimator.get("kind")) if isinstance(estimator, Mapping) else ""
            return {**given, "scaler": _SUITABLE.get(kind, ("none",))[0]}
        return given

    @model_validator(mode="after")
    def _scaled(self) -> ModelSpec:
        suitable = _SUITABLE[self.estimator.kind]
        if self.scaler not in suitable:
            raise ValueError(
                f"{self.estimator.kind} needs the scaler {' or '.join(suitable)}, not {self.scaler}"
            )
        return self

    @model_validator(mode="after")
    def _choosing(self) -> ModelSpec:
        chooses = self.learn != "all" or self.guard is not None
        if chooses and not isinstance(self.estimator, Selectable):
            raise ValueError(
                f"learn and guard choose what half_space_trees and loda learn; take them out for "
                f"{self.estimator.kind}"
            )
        if self.guard is not None and self.learn == "confirmed_good":
            raise ValueError("with learn: confirmed_good labels are the guard: take guard out")
        if self.on_drift == "learn_faster" and isinstance(self.estimator, RiverSpec | BlendSpec):
            raise ValueError(f"{self.estimator.kind} cannot learn faster: let on_drift be warn or rules_only")
        return self

    @model_validator(mode="after")
    def _warm(self) -> ModelSpec:
        silent = self.silent
        if self.warm_up <= silent:
            raise ValueError(
                f"warm_up is {self.warm_up}, but the first {silent} scores say nothing, and a rank needs "
                f"earlier scores to compare with: write at least {2 * silent}"
            )
        return self


def build_scorer(spec: ModelSpec) -> Scorer:
    """Make the scorer of a model file; growing its trees takes about 10 microseconds a leaf."""
    features = tuple(spec.features)
    constants = [feature.missing for feature in spec.features.values()]
    missing = np.array([np.nan if constant is None else constant for constant in constants])
    estimator, calibrator = spec.estimator, Calibrator(spec.silent, spec.warm_up)
    if isinstance(estimator, RiverSpec):
        return RiverPipeline(features, estimator.build(spec.scaler, spec.seed), calibrator, missing)
    if isinstance(estimator, BinnedLogisticSpec):
        return BinnedLogistic(features, missing, calibrator, estimator.first, estimator.rate)
    if isinstance(estimator, BlendSpec):
        return Blend(features, calibrator)
    scaler, detector = SCALERS[spec.scaler](len(features)), estimator.build(features, spec.seed)
    return _selective(spec, Fused(features, Imputer(missing), scaler, detector, calibrator))


def _selective(spec: ModelSpec, fused: Fused) -> Scorer:
    """Let a scorer choose what it learns, where its file says so."""
    silent = spec.estimator.silent
    if spec.learn == "confirmed_good":
        return Confirmed(fused, silent)
    if spec.spares:
        return Sparing(fused, silent, spares_alerted=spec.learn == "not_alerted", guard=spec.guard)
    return fused
