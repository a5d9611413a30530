"""The rule file, schema `fraudstream.rule/v1`: its fields and what each may hold."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from fraudstream.features.catalogue import (
    DAY_US,
    OF_EVENTS,
    OF_FIRST,
    OF_LAST,
    OF_OTHERS,
    Aggregate,
    Feature,
    Labelled,
)
from fraudstream.rules.case_schema import Tests
from fraudstream.rules.fields import Columns, Day, DurationUs, Strict
from fraudstream.rules.params import ParamValue

RULE_SCHEMA = "fraudstream.rule/v1"
_NAME = r"^[a-z][a-z0-9_]*$"
WINDOW_US_MAX = 365 * DAY_US
"""How far a window may reach back, its offset included."""


class Status(StrEnum):
    """Where a rule stands: only live rules act; of shadow rules it is told apart what they would tell."""

    DRAFT = "draft"
    SHADOW = "shadow"
    LIVE = "live"
    RETIRED = "retired"


class Action(StrEnum):
    """What is done about an event."""

    ALLOW = "allow"
    REVIEW = "review"
    REPORT = "report"
    HOLD = "hold"
    BLOCK = "block"


class FeatureSpec(Strict):
    """One entry of `features:`: an aggregate, what it counts, for whom, and in which window."""

    count: Literal["events", "labels", "frauds"] | None = None
    sum: str | None = None
    avg: str | None = None
    min: str | None = None
    max: str | None = None
    stddev: str | None = None
    distinct: str | None = None
    median: str | None = None
    ratio: str | None = None
    zscore: str | None = None
    last: str | None = None
    time_since_last: Literal["events"] | None = None
    time_since_first: Literal["events"] | None = None
    first_seen: Literal["events"] | None = None
    where: str | None = None
    """Counts only the events for which this condition is surely true."""
    by: Columns
    """The column, or up to three, whose value an event is counted under."""
    for_: Columns | None = Field(None, alias="for")
    """The columns it is read by, those of `by` unless given."""
    window: DurationUs | None = None
    """How far back it counts, up to and without what is exactly so old."""
    offset: DurationUs | None = None
    """How long ago the window ends, for comparing with an earlier time."""
    include_current: bool | None = None
    """Whether the event itself counts."""

    @property
    def aggregate(self) -> Aggregate:
        """The one aggregate that is given."""
        return next(each for each in Aggregate if getattr(self, each) is not None)

    @property
    def value(self) -> str | None:
        """The column that is aggregated, None for the events themselves."""
        return None if self.aggregate in OF_EVENTS else getattr(self, self.aggregate)

    @property
    def of_labels(self) -> bool:
        """Whether it counts what becomes known of events later."""
        return self.count in list(Labelled)

    @model_validator(mode="after")
    def _fits(self) -> FeatureSpec:
        given = [each for each in Aggregate if getattr(self, each) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one aggregate of {', '.join(Aggregate)}")
        if self.window is None and self.aggregate not in OF_LAST | OF_FIRST:
            raise ValueError(f"{self.aggregate} needs a window, such as 24h")
        if self.window is not None and self.aggregate in OF_FIRST:
            raise ValueError(f"{self.aggregate} takes no window: remove it")
        if self.offset is not None and self.aggregate in OF_LAST | OF_FIRST:
            raise ValueError(f"{self.aggregate} takes no offset: remove it")
        if self.of_labels and (self.where is not None or self.include_current is not None):
            raise ValueError(f"count: {self.count} takes no where and no include_current: remove them")
        if self.for_ is not None and len(self.for_) != len(self.by):
            raise ValueError("for: must have as many columns as by")
        return self

    @model_validator(mode="after")
    def _reaches_back(self) -> FeatureSpec:
        reach_us = (self.window or 0) + (self.offset or 0)
        if reach_us > WINDOW_US_MAX:
            raise ValueError("window and offset reach back more than 365d: make them shorter")
        return self

    def feature(self, where: object) -> Feature:
        """Return the feature, with what it does about the current event where the file does not say."""
        current = self.include_current
        return Feature(
            self.aggregate,
            self.value,
            Labelled(str(self.count)) if self.of_labels else where,
            self.by,
            self.for_ or self.by,
            self.window,
            self.aggregate not in OF_OTHERS if current is None else current,
            self.offset or 0,
        )


class Suppress(Strict):
    """After an alert, further alerts of the rule for the same key are kept back for a while."""

    by: Columns
    """The key that keeps quiet."""
    for_: DurationUs = Field(alias="for")
    """For how long, in event time."""


class Then(Strict):
    """What a hit does: an action, a score from 0 to 100, and a reason."""

    action: Annotated[Action, Field(strict=False)]
    """What is done about the event; of several rules the gravest action wins."""
    score: int = Field(ge=0, le=100)
    """Is added to the event's score."""
    reason_code: str
    """A key of reason_codes.yml."""
    suppress: Suppress | None = None
    alerts_per_hour_max: int | None = Field(None, ge=1)
    """How many alerts of the rule are told in an hour of event time; a summary tells of the rest."""


Bound = int | float | str
"""A number, or the text of a number, a duration or a parameter."""


class BandSpec(Strict):
    """The numbers from `from` (inclusive) to `to` (exclusive), and where a hit there differs from `then`."""

    name: str = Field(pattern=_NAME)
    from_: Bound | None = Field(None, alias="from")
    to: Bound | None = None
    action: Annotated[Action | None, Field(strict=False)] = None
    score: int | None = Field(None, ge=0, le=100)
    reason_code: str | None = None


class Bands(Strict):
    """Maps one number, `of`, to several named outcomes."""

    of: str
    outcomes: list[BandSpec] = Field(min_length=1)


class Outcome(NamedTuple):
    """What a hit does; `band` is None where the rule has none."""

    band: str | None
    action: Action
    score: int
    reason_code: str


class Effective(Strict):
    """The days of event time in which the rule is evaluated: `from` inclusive, `to` exclusive, UTC."""

    from_: Day | None = Field(None, alias="from")
    """The first day."""
    to: Day | None = None
    """The first day on which it is evaluated no more."""

    @model_validator(mode="after")
    def _rises(self) -> Effective:
        if self.from_ is not None and self.to is not None and self.to <= self.from_:
            raise ValueError("`to` must lie after `from`: the rule would never be evaluated")
        return self


class Rollout(Strict):
    """The share of the entities for which a live rule is live; for all others it is shadow."""

    percent: int = Field(ge=1, le=100)
    """How many of a hundred entities; whoever is in stays in when it is raised."""
    by: Columns
    """What an entity is; for an event that lacks one of the columns the rule is shadow."""


Condition = str | Mapping[str, Any]


def _condition(value: object) -> object:
    """Check the shape of `when`: an expression, or all / any of a list, or not of one."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and len(value) == 1:
        word, operand = next(iter(value.items()))
        if word == "not":
            return {word: _condition(operand)}
        if word in ("all", "any") and isinstance(operand, list) and operand:
            return {word: [_condition(each) for each in operand]}
    raise ValueError("write an expression, or one of all: [...], any: [...], not: ...")


class RuleSpec(Strict):
    """One rule file."""

    schema_: Literal["fraudstream.rule/v1"] = Field(alias="schema")
    id: str = Field(pattern=r"^[A-Z][A-Z0-9]*(-[A-Z0-9]+)+$")
    """Never used again for another rule."""
    version: int = Field(ge=1)
    """Is raised with every change of what the rule does."""
    title: str
    status: Annotated[Status, Field(strict=False)]
    effective: Effective = Effective()
    rollout: Rollout | None = None
    """For whom a live rule is live already; everyone unless given."""
    owner: str
    """The team that answers for the rule."""
    severity: Literal["low", "medium", "high", "critical"]
    typology: str
    """A key of typologies.yml."""
    regulation: list[str] = Field([])
    """The laws that ask for the rule."""
    references: list[str] = Field([])
    """Reports that describe the crime."""
    rationale: str
    """Why a hit is suspicious."""
    false_positives: list[str] = Field(min_length=1)
    """Who is hit without guilt."""
    investigate: list[str] = Field(min_length=1)
    """What an analyst looks at."""
    params: dict[Annotated[str, Field(pattern=_NAME)], ParamValue] = Field({})
    """Thresholds and lists, with their unit in the name; durations carry it in the value."""
    features: dict[Annotated[str, Field(pattern=_NAME)], FeatureSpec] = Field({})
    """What is counted about whom, by the name that conditions use."""
    when: Annotated[Condition, AfterValidator(_condition)]
    """The condition: an expression, or all: [...], any: [...], not: ... of some."""
    bands: Bands | None = None
    then: Then
    tests: Tests

    @field_validator("rollout")
    @classmethod
    def _rolls_out_live(cls, rollout: Rollout | None, info: ValidationInfo) -> Rollout | None:
        status = info.data.get("status")
        if rollout is not None and status not in (None, Status.LIVE):
            raise ValueError(f"the rule is {status} for everyone: set `status: live`, or remove rollout")
        return rollout

    @property
    def standing(self) -> str:
        """Its status, and for how many entities it is live where a rollout says it: `live 10%`."""
        return str(self.status) if self.rollout is None else f"{self.status} {self.rollout.percent}%"

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What a hit may do: one outcome per band, or the only one."""
        then = self.then
        if self.bands is None:
            return (Outcome(None, then.action, then.score, then.reason_code),)
        return tuple(
            Outcome(
                band.name,
                band.action or then.action,
                then.score if band.score is None else band.score,
                band.reason_code or then.reason_code,
            )
            for band in self.bands.outcomes
        )
