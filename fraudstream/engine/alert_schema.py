"""The JSON of alerts as types: what a consumer may rely on. Prints docs/alert.schema.json."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from fraudstream.rules.schema import Action

_Severity = Literal["low", "medium", "high", "critical"]
_Time = Annotated[str, Field(description="RFC 3339 in UTC, event time.")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AllowedBy(_Part):
    """The entry of rules/actions.yml that made the action milder than the rules asked for."""

    column: str
    list: str
    at_most: Action
    reason: str


_Shown = Annotated[
    str | float | int | None,
    Field(description="Amounts, durations and what must not be seen are texts; null: not known."),
]


class Usual(_Part):
    """What a feature says of the event, and between which values that usually lies for its entity."""

    value: _Shown
    low: _Shown
    high: _Shown


class Contribution(_Part):
    """What one feature added to a model's raw score."""

    feature: str
    contribution: float
    value: float | None = Field(description="Null where it is missing, or tells what must not be seen.")
    direction: Literal["high", "low", "usual", "missing"] = Field(
        description="Where the value lies, seen from that of all events."
    )
    usual: Usual | None = Field(description="By the entity's own past; null where the model file has none.")


class ModelScore(_Part):
    """The score of one model, calibrated to a rank from 0 to 1, and the features that raised it most."""

    id: str
    score: float
    raw_score: float
    contributions: list[Contribution]


class ScoreBand(_Part):
    """The scores from `from` (inclusive) to `to` (exclusive, null = open)."""

    from_: int = Field(alias="from")
    to: int | None


class TypologyRule(_Part):
    """A rule that counts in a typology's score, and the newest event that earned its weight."""

    id: str
    band: str | None
    weight: int
    event_id: str
    occurred_at: _Time


class TypologyPart(_Part):
    """A crime pattern; all but id and title are null or empty unless its score lies in one of its bands."""

    id: str
    title: str
    score: int | None
    band: ScoreBand | None
    action: Action | None
    reason_code: str | None
    reason: str | None
    rules: list[TypologyRule]


class Spent(_Part):
    """As which of at most how many alerts of its rule within the clock hour this hit is told."""

    told: int
    alerts_per_hour_max: int


class RulePart(_Part):
    """A rule that hit: why, with the actual values, and what of it is done."""

    id: str
    version: int
    title: str
    typology: str
    severity: _Severity
    band: str | None = Field(description="The band that the rule's number lies in, null where it has none.")
    action: Action
    score: int
    reason_code: str
    reason: str
    evidence: dict[str, str | float | int | None]
    contributing_event_ids: list[str]
    budget: Spent | None


class Missing(_Part):
    """Between which event times events are missing; `from` is null where nothing came before."""

    from_: _Time | None = Field(alias="from")
    to: _Time


class NewFeature(_Part):
    """A feature that a change of the rules has added, and that has not counted all that it looks back at."""

    name: str = Field(description="`RULE-ID.name` as in its file, or `model.name`.")
    since: _Time = Field(description="It has counted what is dated after this.")
    until: _Time | None = Field(description="Events from then on see all that it counts; null: never.")
    warm: float | None = Field(
        description="The share of what it looks back at that it has counted; null where that has no end."
    )


class Warming(_Part):
    """Something of the past was never counted: something may be decided too mildly."""

    missing: Missing | None = Field(description="Null where no event is missing, only features are new.")
    until: _Time | None = Field(
        description="Events from then on are decided with all that is looked back at; null: never, "
        "something looks back without end (time_since_first, first_seen).",
    )
    rules: list[str] = Field(description="Rules of this alert whose figures may be too low.")
    features: list[NewFeature] = Field(description="New features that the rules of this alert look at.")


class Alert(_Part):
    """An event that rules or typologies tell of."""

    schema_: Literal["fraudstream.alert/v1"] = Field(alias="schema")
    alert_id: str = Field(description="Equal for an equal event, what is told of it, and ruleset.")
    severity: _Severity
    action: Action = Field(description="What is done about the event: the gravest asked for, unless allowed.")
    score: int = Field(ge=0, le=100)
    allowed_by: AllowedBy | None
    late: bool
    warming: Warming | None = Field(description="Null where the whole past was there.")
    models: list[ModelScore]
    typologies: list[TypologyPart]
    rules: list[RulePart]
    event: dict[str, Any] = Field(
        description="The declared columns of the event as the input carries them, personal ones as the "
        "topology's privacy lets them leave: as texts `tok:KEY:...` or `enc:KEY:...`, or not at all."
    )
    ruleset_version: str
    shadow: bool = Field(
        description="True on the shadow topic: it is what would be told if the shadow rules, and only they, "
        "were live. Nothing of it is done."
    )


class OverflowRule(_Part):
    """The rule whose hits were held back."""

    id: str
    version: int
    title: str
    typology: str
    severity: _Severity


class Hour(_Part):
    """A clock hour of event time."""

    from_: _Time = Field(alias="from")
    to: _Time


class HeldBackKey(_Part):
    """How often hits of one key, text by column, were held back."""

    key: dict[str, str]
    held_back: int


class AlertOverflow(_Part):
    """What a rule was held back from telling within one hour, because its alert budget was used up."""

    schema_: Literal["fraudstream.alert_overflow/v1"] = Field(alias="schema")
    alert_id: str = Field(description="Equal for an equal rule, hour and ruleset.")
    rule: OverflowRule
    hour: Hour
    told: int
    held_back: int
    score_max: int = Field(description="The highest score of an event whose hit was held back.")
    keys: list[HeldBackKey] = Field(description="The keys with the most hits held back, ten at most.")
    ruleset_version: str
    shadow: bool = Field(description="True on the shadow topic: what shadow rules would be held back from.")


MESSAGES: TypeAdapter[Alert | AlertOverflow] = TypeAdapter(
    Annotated[Alert | AlertOverflow, Field(discriminator="schema_")]
)
"""Every message of the alert topic is one of these."""


def alert_schema() -> str:
    """Return the JSON Schema of the messages of the alert topic."""
    return json.dumps(MESSAGES.json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    print(alert_schema(), end="")
