"""The evidence of an alert as types, schema `fraudstream.evidence/v1`. Prints docs/evidence.schema.json."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from fraudstream.engine.alert_schema import Contribution, Missing, NewFeature, Spent

_Time = Annotated[str, Field(description="RFC 3339 in UTC, event time.")]
_Shown = Annotated[str, Field(description="As people read it, with thousands and currency.")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Word(_Part):
    """A code, and what it says in the language of the evidence."""

    code: str
    text: str


class Value(_Part):
    """A column of an event."""

    column: str
    name: str = Field(description="What the column is called.")
    value: Any


class EventPart(_Part):
    """The event itself."""

    id: str
    kind: Word
    occurred_at: _Time
    values: list[Value] = Field(description="All declared columns but id, kind and occurred_at.")


class MarginPart(_Part):
    """`actual operator threshold`, and how far the one lies from the other."""

    actual_name: str
    actual: _Shown
    operator: Literal["<", "<=", ">", ">="]
    threshold_name: str | None = Field(description="A parameter or an expression; null for a constant.")
    threshold: _Shown
    difference: str = Field(description="actual - threshold, with its sign.")
    ratio: float | None = Field(
        description="actual / threshold; null for times, and where one is not above 0."
    )


class ConditionPart(_Part):
    """A part of a condition: what it says, whether it holds, and the values of the names in it."""

    expression: str
    joined_by: Literal["and", "or"] | None = Field(
        description="How the parts are joined, if they are clauses."
    )
    holds: bool | None = Field(description="Null where that cannot be told from the alert.")
    margin: MarginPart | None
    values: dict[str, str | None] = Field(description="By name or parameter, as shown; null: not known.")
    parts: list[ConditionPart]


class WindowPart(_Part):
    """A feature that the condition names: what it counts, and what it had counted."""

    name: str
    meaning: str
    value: str | float | int | None
    shown: str | None


class Suppression(_Part):
    """For whom the rule tells nothing more after this alert, and until when."""

    key: dict[str, str]
    for_: str = Field(alias="for")
    until: _Time


class RuleTexts(_Part):
    """What the rule file says beside its condition."""

    typology_description: str
    owner: str
    regulation: list[str]
    references: list[str]
    rationale: str
    false_positives: list[str]
    investigate: list[str]


class RulePart(_Part):
    """A rule of the alert. What is null, beside band, budget and suppression, cannot be told."""

    id: str
    version: int
    title: str
    typology: Word
    severity: Word
    band: str | None
    action: Word | None = Field(description="Null in a summary.")
    score: int | None = Field(description="Null in a summary.")
    reason_code: Word | None = Field(description="Null in a summary.")
    reason: str
    condition: ConditionPart | None
    windows: list[WindowPart]
    counted_event_ids: list[str] = Field(description="The newest first, twenty at most.")
    budget: Spent | None
    suppression: Suppression | None
    texts: RuleTexts | None


class Weighed(_Part):
    """A rule that counts in a typology's score."""

    rule: str
    band: str | None
    weight: int
    event_id: str
    occurred_at: _Time


class TypologyPart(_Part):
    """A crime pattern whose score lies in one of its bands."""

    id: str
    title: str
    score: int
    band: str
    action: Word
    reason_code: Word
    reason: str
    rules: list[Weighed]


class Raised(Contribution):
    """What raised a score, in words."""

    text: str


class ModelPart(_Part):
    """The score of a model."""

    id: str
    title: str | None
    kind: str | None = Field(description="That of its estimator.")
    score: float = Field(description="Its rank among the scores so far, from 0 to 1.")
    raw_score: float
    raised_by: list[Raised]


class Moment(_Part):
    """An event of the time line."""

    event_id: str
    occurred_at: _Time | None
    before: str | None = Field(description="How long before the alert's event.")
    is_alerted: bool
    counted_by: list[str] = Field(description="The rules, or typologies, that counted it.")
    values: list[Value] | None = Field(description="Null where the event was not read.")


class WarmingPart(_Part):
    """The past was incomplete, or features were new."""

    missing: Missing | None
    until: _Time | None
    rules: list[str]
    features: list[NewFeature]
    texts: list[str]


class AllowedPart(_Part):
    """The allow-list that made the action milder."""

    column: str
    list: str
    at_most: Word
    reason: str


class Hour(_Part):
    """What was held back within an hour; of summaries."""

    from_: _Time = Field(alias="from")
    to: _Time
    told: int
    held_back: int
    score_max: int
    keys: list[dict[str, Any]]


class Source(_Part):
    """Where the alert lies, and where its event does."""

    alert: str
    topic: str | None
    partition: int | None
    offset: int | None


class Versions(_Part):
    """The ruleset that judged the event, and where its texts here come from."""

    ruleset: str
    texts_from: str | None = Field(description="Null where no ruleset is at hand.")
    texts_ruleset: str | None
    is_exact: bool = Field(description="Whether that is the very ruleset.")


class Evidence(_Part):
    """All that can be told of an alert, and what cannot."""

    schema_: Literal["fraudstream.evidence/v1"] = Field("fraudstream.evidence/v1", alias="schema")
    language: str
    alert_id: str
    headline: str
    shadow: bool
    action: Word | None = Field(description="Null in a summary.")
    score: int | None = Field(description="Null in a summary.")
    severity: Word
    event: EventPart | None = Field(description="Null in a summary.")
    hour: Hour | None = Field(description="Of a summary of what a rule was held back from telling.")
    late: bool
    warming: WarmingPart | None
    allowed_by: AllowedPart | None
    rules: list[RulePart]
    typologies: list[TypologyPart]
    models: list[ModelPart]
    time_line: list[Moment]
    source: Source
    versions: Versions
    cannot_tell: list[Word] = Field(description="What is not known, and why.")

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return self.model_dump(mode="json", by_alias=True)


def main() -> None:
    """Print the schema."""
    print(json.dumps(Evidence.model_json_schema(), indent=2))


if __name__ == "__main__":
    main()
