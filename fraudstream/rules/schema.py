"""The rule file, schema `fraudstream.rule/v1`: its fields and what each may hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from fraudstream.features.catalogue import DAY_US, OF_EVENTS, OF_FIRST, OF_LAST, OF_OTHERS, Aggregate, Feature
from fraudstream.rules.durations import parse_duration
from fraudstream.rules.params import ParamValue

RULE_SCHEMA = "fraudstream.rule/v1"
_NAME = r"^[a-z][a-z0-9_]*$"
WINDOW_US_MAX = 365 * DAY_US
"""How far a window may reach back, its offset included."""


class Strict(BaseModel):
    """A part of a file: unknown keys are refused, values are not bent into shape."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, populate_by_name=True, use_attribute_docstrings=True
    )


def _duration(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"{value} has no unit: write a duration such as 24h")
    return parse_duration(value) if isinstance(value, str) else value


def _columns(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _date(value: object) -> object:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"{value!r} is no day: write it as 2026-09-01") from None


DURATION_PATTERN = r"^ *[0-9]{1,9}[smhdw] *$"
DurationUs = Annotated[
    int,
    Field(gt=0),
    BeforeValidator(_duration, json_schema_input_type=Annotated[str, Field(pattern=DURATION_PATTERN)]),
]
"""Microseconds, written `7d`."""
Columns = Annotated[
    tuple[str, ...],
    Field(min_length=1, max_length=3),
    BeforeValidator(
        _columns, json_schema_input_type=str | Annotated[list[str], Field(min_length=1, max_length=3)]
    ),
]
"""One column, or a list of at most three."""
Day = Annotated[date, BeforeValidator(_date)]


class Status(StrEnum):
    """Where a rule stands: only live rules act; shadow rules are evaluated and counted."""

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

    count: Literal["events"] | None = None
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
        if (self.window or 0) + (self.offset or 0) > WINDOW_US_MAX:
            raise ValueError("window and offset reach back more than 365d: make them shorter")
        if self.for_ is not None and len(self.for_) != len(self.by):
            raise ValueError("for: must have as many columns as by")
        return self

    def feature(self, where: object) -> Feature:
        """Return the feature, with what it does about the current event where the file does not say."""
        current = self.include_current
        return Feature(
            self.aggregate,
            self.value,
            where,
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


class Case(Strict):
    """One inline test: events before, the event, and what the rule must say, a hit also in which band."""

    name: str
    """What the case shows."""
    history: list[dict[str, Any]] | None = None
    """The events before, instead of those of all cases; `at: -2h` says when."""
    event: dict[str, Any] = {}
    """What differs from the defaults."""
    scores: dict[str, float] = {}
    """Stands in for the models' scores, by their ids."""
    expect: Literal["hit", "miss", "not_evaluated"]
    """What the rule must say."""
    band: str | None = None
    """The band that a hit must lie in."""

    @property
    def expected(self) -> str:
        """What the rule must say, in words."""
        return self.expect if self.band is None else f"{self.expect} in band {self.band}"

    @model_validator(mode="after")
    def _band_is_of_a_hit(self) -> Case:
        if self.band is not None and self.expect != "hit":
            raise ValueError(
                f"only a hit lies in a band: take band out, or write expect: hit in {self.name!r}"
            )
        return self


class Accepted(Strict):
    """A change of the rule that no case can notice, in the words of `fraudstream rules mutate`, and why."""

    change: str
    """The words between `no case notices` and the colon."""
    because: str = Field(min_length=1)
    """Why no case can show it."""


class Tests(Strict):
    """The inline tests; defaults are put under every event."""

    defaults: dict[str, Any] = {}
    """Columns that every event has unless it says otherwise."""
    history: list[dict[str, Any]] = []
    """The events before the event of a case that gives none of its own."""
    cases: list[Case]
    accept: list[Accepted] = []
    """Changes of the rule that no case can notice."""

    @model_validator(mode="after")
    def _names_differ(self) -> Tests:
        names = [case.name for case in self.cases]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two cases are named {name!r}: give each its own name")
        return self


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
    owner: str
    """The team that answers for the rule."""
    severity: Literal["low", "medium", "high", "critical"]
    typology: str
    """A key of typologies.yml."""
    regulation: list[str] = []
    """The laws that ask for the rule."""
    references: list[str] = []
    """Reports that describe the crime."""
    rationale: str
    """Why a hit is suspicious."""
    false_positives: list[str] = Field(min_length=1)
    """Who is hit without guilt."""
    investigate: list[str] = Field(min_length=1)
    """What an analyst looks at."""
    params: dict[Annotated[str, Field(pattern=_NAME)], ParamValue] = {}
    """Thresholds and lists, with their unit in the name; durations carry it in the value."""
    features: dict[Annotated[str, Field(pattern=_NAME)], FeatureSpec] = {}
    """What is counted about whom, by the name that conditions use."""
    when: Annotated[Condition, AfterValidator(_condition)]
    """The condition: an expression, or all: [...], any: [...], not: ... of some."""
    bands: Bands | None = None
    then: Then
    tests: Tests

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
