"""rules/typologies.yml: crime patterns, and how hits of several rules add up to one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from fraudstream.rules.bands import Band, faults
from fraudstream.rules.errors import Problem, did_you_mean
from fraudstream.rules.fields import Columns, DurationUs, Strict
from fraudstream.rules.schema import Action, RuleSpec, Status, Suppress
from fraudstream.rules.yaml_file import YamlFile, YamlPath

WEIGHT_MAX = 10_000


class OverEntity(Strict):
    """Hits are added up over the events of one entity within a window."""

    by: Columns
    window: DurationUs


class TypologyBand(Strict):
    """What is done where a score lies from `from` (inclusive) to `to` (exclusive), and why."""

    from_: int = Field(ge=1, alias="from")
    to: int | None = None
    action: Annotated[Action, Field(strict=False)]
    reason_code: str
    reason: str


def _over(value: object) -> object:
    if value == "event":
        return None
    if isinstance(value, dict):
        return value
    raise ValueError("write event, or {by: COLUMN, window: DURATION}")


class TypologyScore(Strict):
    """A weighted sum of the hits of rules, and what each band of it leads to.

    `over` is None for the hits of one event. A weight belongs to a rule, `AML-STR-001`, or to one of its
    bands, `AML-STR-001.large`.
    """

    over: Annotated[OverEntity | None, BeforeValidator(_over)]
    weights: dict[str, Annotated[int, Field(ge=1, le=WEIGHT_MAX)]] = Field(min_length=1)
    bands: list[TypologyBand] = Field(min_length=1)
    suppress: Suppress | None = None


class Typology(Strict):
    """A crime pattern."""

    title: str
    description: str
    score: TypologyScore | None = None


class Typologies(Strict):
    """rules/typologies.yml."""

    schema_: Literal["fraudstream.typologies/v1"] = Field(alias="schema")
    typologies: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Typology]

    @property
    def scored(self) -> Iterator[tuple[str, TypologyScore]]:
        """The typologies that have a score, in the order of the file."""
        return ((name, each.score) for name, each in self.typologies.items() if each.score is not None)

    def without_scores(self) -> Typologies:
        """Return the patterns alone, to which no hits add up."""
        plain = {name: each.model_copy(update={"score": None}) for name, each in self.typologies.items()}
        return self.model_copy(update={"typologies": plain})

    def columns(self) -> Iterator[tuple[YamlPath, tuple[str, ...]]]:
        """Yield the columns that scores are kept by, and where the file names them."""
        for name, score in self.scored:
            path = ("typologies", name, "score")
            if score.over is not None:
                yield (*path, "over", "by"), score.over.by
            if score.suppress is not None:
                yield (*path, "suppress", "by"), score.suppress.by


def check_typologies(
    file: YamlFile, typologies: Typologies, rules: Iterable[RuleSpec], reason_codes: Mapping[str, str]
) -> Iterator[Problem]:
    """Yield what the scores name that is not there, and where their bands do not fit together."""
    specs = {spec.id: spec for spec in rules}
    for name, score in typologies.scored:
        path: YamlPath = ("typologies", name, "score")
        for weight in score.weights:
            message = _wrong_weight(weight, score.weights, specs)
            if message is not None:
                yield file.problem((*path, "weights", weight), message)
        bands = [Band(str(each.from_), Decimal(each.from_), _decimal(each.to)) for each in score.bands]
        wrong = [*faults(bands), *_wrong_bands(score, reason_codes)]
        yield from (file.problem((*path, "bands", index, key), message) for index, key, message in wrong)


def _wrong_bands(score: TypologyScore, reason_codes: Mapping[str, str]) -> Iterator[tuple[int, str, str]]:
    """Yield the bands that are never reached, do nothing, or have no known reason code."""
    score_max = _score_max(score.weights)
    for index, band in enumerate(score.bands):
        if band.from_ > score_max:
            message = f"the weights add up to {score_max} at most: lower the band, or raise a weight"
            yield index, "from", message
        if band.action is Action.ALLOW:
            remedy = "begin the first band where something is done"
            yield index, "action", f"a band that allows does nothing: {remedy}"
        if band.reason_code not in reason_codes:
            remedy = did_you_mean(band.reason_code, reason_codes) or "add it to reason_codes.yml"
            yield index, "reason_code", f"reason code {band.reason_code} is unknown: {remedy}"


def _decimal(value: int | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _wrong_weight(weight: str, weights: Mapping[str, int], specs: Mapping[str, RuleSpec]) -> str | None:
    """Return why a weight can never count, None where it can."""
    rule, _, band = weight.partition(".")
    spec = specs.get(rule)
    if spec is None:
        return f"there is no rule {rule}: {did_you_mean(rule, specs) or 'give the id of a rule'}"
    if spec.status is Status.RETIRED:
        return f"{rule} is retired and never hits: take its weight out"
    if not band:
        return None
    bands = [outcome.band for outcome in spec.outcomes if outcome.band is not None]
    if band not in bands:
        known = f"its bands are {', '.join(bands)}" if bands else "it has none, weigh the rule itself"
        return f"{rule} has no band {band}: {did_you_mean(band, bands) or known}"
    if rule in weights:
        return f"{rule} is weighed as a whole as well: keep either its weight or those of its bands"
    return None


def _score_max(weights: Mapping[str, int]) -> int:
    """Return the highest score: of the bands of a rule one counts."""
    largest: dict[str, int] = {}
    for weight, value in weights.items():
        rule = weight.partition(".")[0]
        largest[rule] = max(value, largest.get(rule, 0))
    return sum(largest.values())
