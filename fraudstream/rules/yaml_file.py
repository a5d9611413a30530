"""Reads one YAML file into plain data that remembers where everything stands.

YAML 1.2: `no`, `on` and `NO` are texts, so Norway stays a country. Duplicate keys, anchors and aliases are
refused: the first hide a mistake, the others can make a small file huge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scalarfloat import ScalarFloat
from ruamel.yaml.scalarint import ScalarInt

from fraudstream.rules.errors import Problem, RulesetError

FILE_BYTES_MAX = 262_144
_Model = TypeVar("_Model", bound=BaseModel)
_Path = tuple[str | int, ...]


@dataclass(frozen=True)
class YamlFile:
    """The data of a file, and the place of every key and item by its path."""

    name: str
    data: Mapping[str, Any]
    places: Mapping[_Path, tuple[int, int]]

    def problem(self, path: _Path, message: str, shift: int = 0) -> Problem:
        """Describe a fault at a path, or at the nearest part of the file that encloses it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                line, column = self.places[path[:length]]
                return Problem(self.name, line, column + (shift if length == len(path) else 0), message)
        return Problem(self.name, 1, 1, message)


def read_yaml(name: str, content: bytes) -> YamlFile:
    """Parse a file whose top level is a mapping; RulesetError says where it is not well-formed."""
    if len(content) > FILE_BYTES_MAX:
        raise _error(
            name, 1, 1, f"the file has {len(content)} bytes, at most {FILE_BYTES_MAX} are read: split it"
        )
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _error(name, line, 1, f"byte {error.start} is not UTF-8: save the file as UTF-8") from None
    yaml = YAML(typ="rt", pure=True)
    yaml.version = (1, 2)
    try:
        _refuse_aliases(name, text)
        data = yaml.load(text)
    except DuplicateKeyError as error:
        raise _marked(name, error, "the key stands twice: keep one of them") from None
    except MarkedYAMLError as error:
        raise _marked(name, error, f"not well-formed YAML: {error.problem or error.context}") from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise _error(name, 1, 1, f"not well-formed YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(data, CommentedMap):
        raise _error(name, 1, 1, "the file must be a mapping of keys to values")
    places: dict[_Path, tuple[int, int]] = {}
    return YamlFile(name, _plain(data, (), places), places)


def _refuse_aliases(name: str, text: str) -> None:
    for event in YAML(typ="rt", pure=True).parse(text):
        if getattr(event, "anchor", None) is not None:
            mark = event.start_mark
            message = "anchors and aliases are not read: write the value out"
            raise _error(name, mark.line + 1, mark.column + 1, message)


def _error(name: str, line: int, column: int, message: str) -> RulesetError:
    return RulesetError([Problem(name, line, column, message)])


def _marked(name: str, error: MarkedYAMLError, message: str) -> RulesetError:
    mark = error.problem_mark or error.context_mark
    return _error(name, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1, message)


def _plain(value: Any, path: _Path, places: dict[_Path, tuple[int, int]]) -> Any:
    """Turn the parser's containers and scalars into plain ones, and note where they stand."""
    if isinstance(value, CommentedMap):
        for key in value:
            line, column = value.lc.value(key) if value[key] is not None else value.lc.key(key)
            places[(*path, key)] = (line + 1, column + 1)
        return {str(key): _plain(item, (*path, key), places) for key, item in value.items()}
    if isinstance(value, CommentedSeq):
        for index in range(len(value)):
            line, column = value.lc.item(index)
            places[(*path, index)] = (line + 1, column + 1)
        return [_plain(item, (*path, index), places) for index, item in enumerate(value)]
    if isinstance(value, ScalarFloat):
        return float(value)
    if isinstance(value, ScalarInt) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, str) else value


def _message(fault: ErrorDetails) -> str:
    """Say what is wrong with a field, in our words where the validator's name no remedy."""
    words = _MESSAGES.get(fault["type"])
    if words is None:
        return fault["msg"].removeprefix("Value error, ")
    return words.format(**fault.get("ctx", {}), given=repr(fault["input"])[:60])


_MESSAGES = {
    "missing": "the key is missing: add it",
    "extra_forbidden": "there is no such key: correct its spelling or remove it",
    "string_pattern_mismatch": "{given} does not fit {pattern}: correct it",
}


def validated(file: YamlFile, model: type[_Model]) -> _Model:
    """Build a model from a file's data; RulesetError lists every field that does not fit."""
    try:
        return model.model_validate(file.data)
    except ValidationError as error:
        problems = []
        for fault in error.errors():
            path = tuple(part for part in fault["loc"] if not str(part).startswith(("function-", "tagged-")))
            dotted = "".join(f"{part}." for part in path[:-1]) + f"{path[-1]}: " if path else ""
            problems.append(file.problem(path, dotted + _message(fault)))
        raise RulesetError(problems) from None
