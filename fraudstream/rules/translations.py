"""texts/*.yml: what a rule pack says to its readers in another language; nothing of it decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from pydantic import Field

from fraudstream.rules.errors import Problem, RulesetError, did_you_mean
from fraudstream.rules.fields import Strict
from fraudstream.rules.validation import validated
from fraudstream.rules.yaml_file import YamlFile, YamlPath

if TYPE_CHECKING:
    from fraudstream.rules.ruleset import Ruleset

TEXTS_DIRECTORY = "texts"
_NAMED_MAX = 8
"""So many missing texts of a kind are named."""


class RuleTexts(Strict):
    """The texts of one rule; what is left out is shown as the rule file has it."""

    version: int = Field(ge=1)
    """The version of the rule that was translated."""
    title: str
    rationale: str | None = None
    false_positives: list[str] | None = None
    """As many as the rule has, in their order."""
    investigate: list[str] | None = None
    """As many as the rule has, in their order."""


class TypologyTexts(Strict):
    """The texts of one typology."""

    title: str
    description: str | None = None
    reasons: list[str] | None = None
    """Those of its bands, in their order."""


class TextsFile(Strict):
    """The texts of one language."""

    schema_: Literal["fraudstream.texts/v1"] = Field(alias="schema")
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
    """Its tag, such as zh."""
    rules: dict[str, RuleTexts] = Field({})
    typologies: dict[str, TypologyTexts] = Field({})
    reason_codes: dict[str, str] = Field({})
    models: dict[str, str] = Field({})
    """The titles of the models, by their ids."""


class Translation(NamedTuple):
    """The texts of one language, and the file that they come from."""

    file: YamlFile
    texts: TextsFile


def translations(files: Iterable[YamlFile], problems: list[Problem]) -> dict[str, Translation]:
    """Return the texts of some files by language, and note what is wrong with them."""
    found: dict[str, Translation] = {}
    for file in files:
        try:
            texts = validated(file, TextsFile)
        except RulesetError as error:
            problems += error.problems
            continue
        if texts.language in found:
            first = found[texts.language].file.name
            message = f"{texts.language} is already in {first}: put its texts into one file"
            problems.append(file.problem(("language",), message))
        found.setdefault(texts.language, Translation(file, texts))
    return found


def missing_texts(ruleset: Ruleset) -> Iterator[str]:
    """Yield a line for each kind of text that a language lacks, or has of an earlier version of a rule."""
    for each in ruleset.translations.values():
        for what, names in _missing(ruleset, each.texts).items():
            if names:
                more = f" and {len(names) - _NAMED_MAX} more" if len(names) > _NAMED_MAX else ""
                yield f"{each.file.name}: {what}: {', '.join(names[:_NAMED_MAX])}{more}"


def _missing(ruleset: Ruleset, texts: TextsFile) -> Mapping[str, list[str]]:
    rules = {rule.id: rule.spec for rule in ruleset.rules}
    translated = {name: each for name, each in texts.rules.items() if name in rules}
    partly = ("rationale", "false_positives", "investigate")
    return {
        "no text of the rules": _without(rules, texts.rules),
        "only a title of the rules": [
            name for name, each in translated.items() if any(getattr(each, part) is None for part in partly)
        ],
        "texts of an earlier version of the rules": [
            name for name, each in translated.items() if each.version != rules[name].version
        ],
        "no text of the typologies": _without(ruleset.typologies.typologies, texts.typologies),
        "no text of the reason codes": _without(ruleset.reason_codes.reason_codes, texts.reason_codes),
        "no title of the models": _without([each.spec.id for each in ruleset.models], texts.models),
    }


def _without(names: Iterable[str], texts: Iterable[str]) -> list[str]:
    return [name for name in names if name not in texts]


def faulty_texts(ruleset: Ruleset) -> Iterator[Problem]:
    """Yield a problem for each text of something that is not there, and for lists of another length."""
    for each in ruleset.translations.values():
        for path, message in (*_unknown(ruleset, each.texts), *_uneven(ruleset, each.texts)):
            yield each.file.problem(path, message)


def _unknown(ruleset: Ruleset, texts: TextsFile) -> Iterator[tuple[YamlPath, str]]:
    known: dict[str, Iterable[str]] = {
        "rules": [rule.id for rule in ruleset.rules],
        "typologies": ruleset.typologies.typologies,
        "reason_codes": ruleset.reason_codes.reason_codes,
        "models": [model.spec.id for model in ruleset.models],
    }
    for section, names in known.items():
        for name in getattr(texts, section):
            if name not in names:
                remedy = did_you_mean(name, names) or "take it out"
                yield (section, name), f"{name} is none of the {section.replace('_', ' ')}: {remedy}"


def _uneven(ruleset: Ruleset, texts: TextsFile) -> Iterator[tuple[YamlPath, str]]:
    for rule in ruleset.rules:
        found = texts.rules.get(rule.id)
        if found is None or found.version != rule.spec.version:
            continue
        for part in ("false_positives", "investigate"):
            given, wanted = getattr(found, part), len(getattr(rule.spec, part))
            if given is not None and len(given) != wanted:
                yield ("rules", rule.id, part), f"{len(given)} texts, the rule has {wanted}: give as many"
    for name, score in ruleset.typologies.scored:
        reasons = texts.typologies[name].reasons if name in texts.typologies else None
        if reasons is not None and len(reasons) != len(score.bands):
            message = f"{len(reasons)} texts, the typology has {len(score.bands)} bands: give as many"
            yield ("typologies", name, "reasons"), message
