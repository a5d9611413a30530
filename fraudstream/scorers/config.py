"""The model file: what a scorer is made of, and the making of it."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from fraudstream.scorers.calibration import Calibrator
from fraudstream.scorers.forest import Forest
from fraudstream.scorers.half_space_trees import HalfSpaceTrees
from fraudstream.scorers.imputation import Imputer
from fraudstream.scorers.protocol import Scorer
from fraudstream.scorers.scaling import MinMax, Unscaled

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


def _from_text(value: object) -> object:
    return {"expr": value} if isinstance(value, str) else value


Input = Annotated[ModelFeature, BeforeValidator(_from_text)]


class ModelSpec(_Strict):
    """A whole model.

    `features` maps names to inputs, in the order of the columns; a bare text is short for `{expr: text}`.
    `warm_up` is the number of first events whose scores must not be acted on.
    """

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    features: dict[str, Input] = Field(min_length=1, max_length=1_000)
    estimator: HalfSpaceTreesSpec
    scaler: Literal["min_max", "none"] = "min_max"
    warm_up: int = Field(ge=1)
    seed: int = Field(ge=0)

    @model_validator(mode="after")
    def _warm(self) -> ModelSpec:
        window = self.estimator.window
        if self.warm_up <= window:
            raise ValueError(
                f"warm_up is {self.warm_up}, but no score exists before the first window of {window} events "
                f"is full, and a rank needs earlier scores to compare with: write at least {2 * window}"
            )
        return self


def build_scorer(spec: ModelSpec) -> Scorer:
    """Make the scorer of a model file; growing its trees takes about 10 microseconds a leaf."""
    features = tuple(spec.features)
    constants = [feature.missing for feature in spec.features.values()]
    estimator = spec.estimator
    return HalfSpaceTrees(
        features,
        Imputer(np.array([np.nan if constant is None else constant for constant in constants])),
        MinMax(len(features)) if spec.scaler == "min_max" else Unscaled(),
        Forest(features, estimator.trees, estimator.height, estimator.window, spec.seed),
        Calibrator(estimator.window, spec.warm_up),
    )
