"""From the plain data of a file to its model, with a message for every field that does not fit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from fraudstream.rules.errors import Problem, RulesetError, did_you_mean
from fraudstream.rules.yaml_file import YamlFile, YamlPath

_Model = TypeVar("_Model", bound=BaseModel)
FAULTS_MAX = 20
"""So many faults of one file are told, and the number of the rest: a file of another kind has thousands."""
_GIVEN_CHARS_MAX = 60


def validated(file: YamlFile, model: type[_Model]) -> _Model:
    """Build a model from a file's data; RulesetError lists every field that does not fit."""
    try:
        return model.model_validate(file.data)
    except ValidationError as error:
        faults = error.errors()
        problems = [_problem(file, model, fault) for fault in faults[:FAULTS_MAX]]
        if len(faults) > FAULTS_MAX:
            problems.append(file.problem((), f"{len(faults) - FAULTS_MAX} more faults: correct these first"))
        raise RulesetError(problems) from None


def _problem(file: YamlFile, model: type[BaseModel], fault: ErrorDetails) -> Problem:
    place = tuple(part for part in fault["loc"] if not str(part).startswith(("function-", "tagged-")))
    path = _in_the_file(place, file.data, is_missing=fault["type"] == "missing")
    if fault["type"] in _OF_THE_KIND:
        path = (*path, fault["ctx"]["discriminator"].strip("'"))
    dotted = "".join(f"{part}." for part in path[:-1]) + f"{path[-1]}: " if path else ""
    return file.problem(path, dotted + _message(fault, model, place))


_OF_THE_KIND = ("union_tag_invalid", "union_tag_not_found")
"""Faults of the key that says which of several shapes a mapping has; they are told of the mapping."""


def _in_the_file(place: YamlPath, data: Any, *, is_missing: bool) -> YamlPath:
    """Return a validator's path without the names of shapes, which it puts between the keys."""
    missing = place[-1:] if is_missing else ()
    path: list[str | int] = []
    for part in place[: len(place) - len(missing)]:
        try:
            data = data[part]
        except (LookupError, TypeError):
            continue
        path.append(part)
    return (*path, *missing)


def _message(fault: ErrorDetails, model: type[BaseModel], place: YamlPath) -> str:
    """Say what is wrong with a field, in our words where the validator's name no remedy."""
    given = _quoted(fault["input"], place)
    context = fault.get("ctx", {})
    match fault["type"]:
        case "extra_forbidden":
            known = sorted(_keys_beside(model, place))
            remedy = did_you_mean(str(place[-1]), known) or f"known are {', '.join(known)}"
            return f"there is no such key: {remedy}"
        case "literal_error" | "enum":
            return _no_choice(fault["input"], given, context["expected"])
        case "union_tag_invalid":
            return _no_choice(context["tag"], _quoted(context["tag"], place), context["expected_tags"])
        case "value_error":
            return fault["msg"].removeprefix("Value error, ")
    words = _MESSAGES.get(fault["type"])
    if words is not None:
        return words.format(**context, given=given)
    return f"{given} does not fit, {fault['msg'].replace('Input', 'it')}: correct it"


def _quoted(value: Any, place: YamlPath) -> str:
    """Return a value as a message shows it; what may be a secret is not shown."""
    if any(_MAY_BE_SECRET.search(str(part)) for part in place):
        return "what stands there"
    return repr(value)[:_GIVEN_CHARS_MAX]


_MAY_BE_SECRET = re.compile("auth|headers|key_file|password|secret|security|token")
"""The keys below which somebody may write by mistake what is nobody's to read."""


def _no_choice(value: Any, given: str, expected: str) -> str:
    choices = [part.strip("' ") for part in expected.replace(" or ", ",").split(",")]
    remedy = did_you_mean(str(value), choices) or f"write {expected}"
    return f"is never {given}: {remedy}"


_MESSAGES = {
    "missing": "the key is missing: add it",
    "union_tag_not_found": "the key is missing: add it",
    "string_pattern_mismatch": "{given} does not fit {pattern}: correct it",
    "string_type": "{given} is no text: put it in quotes",
    "int_type": "{given} is no whole number: write one, without quotes and without a point",
    "float_type": "{given} is no number: write one, without quotes",
    "bool_type": "{given} is neither true nor false: write one of them",
    "list_type": "{given} is no list: write [...]",
    "tuple_type": "{given} is no list: write [...]",
    "dict_type": "{given} is no mapping: write keys and values",
    "model_type": "{given} is no mapping: write keys and values",
    "model_attributes_type": "{given} is no mapping: write keys and values",
    "date_type": "{given} is no day: write it as 2026-09-01",
    "too_short": "{actual_length} items are too few: give at least {min_length}",
    "too_long": "{actual_length} items are too many: give at most {max_length}",
    "greater_than": "{given} is too small: write more than {gt}",
    "greater_than_equal": "{given} is too small: write at least {ge}",
    "less_than": "{given} is too large: write less than {lt}",
    "less_than_equal": "{given} is too large: write at most {le}",
}


@cache
def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _keys_beside(model: type[BaseModel], place: YamlPath) -> set[str]:
    """Return the keys that may stand where the last key of a validator's path stands."""
    whole = _schema_of(model)
    shapes: Sequence[Mapping[str, Any]] = [whole]
    for part in place[:-1]:
        shapes = [inner for shape in shapes for inner in _below(whole, shape, part)]
    return {key for shape in shapes for each in _variants(whole, shape) for key in each.get("properties", {})}


def _variants(whole: Mapping[str, Any], shape: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a JSON schema, its references followed and its alternatives one by one."""
    if "$ref" in shape:
        yield from _variants(whole, whole["$defs"][shape["$ref"].rpartition("/")[2]])
        return
    yield shape
    for word in ("anyOf", "allOf", "oneOf"):
        for each in shape.get(word, ()):
            yield from _variants(whole, each)


def _below(
    whole: Mapping[str, Any], shape: Mapping[str, Any], part: str | int
) -> Iterator[Mapping[str, Any]]:
    """Yield the schemas of what stands under a key or an index, or the one that has a name."""
    for each in _variants(whole, shape):
        named = each.get("discriminator", {}).get("mapping", {})
        if part in named:
            yield {"$ref": named[part]}
        if isinstance(part, str) and part in each.get("properties", {}):
            yield each["properties"][part]
        inner = each.get("items") if isinstance(part, int) else each.get("additionalProperties")
        if isinstance(inner, Mapping):
            yield inner
        if isinstance(part, str):
            yield from each.get("patternProperties", {}).values()
