"""The settings that a topology may have, one by one, from its models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from fraudstream.config.topology import Topology
from fraudstream.rules.fields import DURATION_PATTERN

Path = tuple[str, ...]
"""The keys that lead to a setting."""
ANY_NAME = "NAME"
"""Stands for a key that the deployment chooses."""


@dataclass(frozen=True)
class Setting:
    """One value of the topology.

    Attributes
    ----------
    shape
        Its JSON schema.
    meaning
        What it is for, in one line.
    is_required
        Whether it has to be there where the mapping that it stands in is there.
    """

    path: Path
    shape: Mapping[str, Any]
    meaning: str
    is_required: bool

    @property
    def default(self) -> Any:
        """What holds where nobody says it; None where it has to be said or stays out."""
        return self.shape.get("default")

    @property
    def is_duration(self) -> bool:
        """Whether it is kept in microseconds and written as `24h`."""
        return self.shape.get("pattern") == DURATION_PATTERN

    @property
    def is_list(self) -> bool:
        """Whether it is several values."""
        return self.shape.get("type") == "array"

    @property
    def is_plain(self) -> bool:
        """Whether a text can say it."""
        return self.shape.get("type") in ("string", "integer", "number", "boolean", "array")


@dataclass(frozen=True)
class Section:
    """A mapping of the topology, and what it is for."""

    path: Path
    meaning: str
    is_required: bool
    settings: tuple[Setting, ...]

    @property
    def is_secret(self) -> bool:
        """Whether it names a secret by its place."""
        return {setting.path[-1] for setting in self.settings} == {"env", "file"}


@cache
def sections() -> tuple[Section, ...]:
    """Return all mappings that a topology may have, the file itself first."""
    whole = Topology.model_json_schema()
    return tuple(_sections(whole, _Below((), "", True, whole)))


@cache
def settings() -> Mapping[Path, Setting]:
    """Return all settings under keys that are fixed, by their paths."""
    return {
        each.path: each for section in sections() if ANY_NAME not in section.path for each in section.settings
    }


class _Below(NamedTuple):
    """A mapping that stands somewhere, and its shape."""

    path: Path
    meaning: str
    is_required: bool
    shape: Mapping[str, Any]


def _sections(whole: Mapping[str, Any], at: _Below) -> Iterator[Section]:
    path, shape = at.path, at.shape
    found: list[Setting] = []
    below: list[_Below] = []
    for key, each in shape["properties"].items():
        variants = list(_variants(whole, each))
        told = " ".join(each.get("description", "").split())
        is_required = key in shape.get("required", ())
        inner = [variant for variant in variants if "properties" in variant]
        below += [_Below((*path, key), told, is_required, variant) for variant in inner]
        for variant in variants:
            if variant in inner:
                continue
            named = variant.get("additionalProperties")
            if isinstance(named, Mapping):
                shapes = [one for one in _variants(whole, named) if "properties" in one]
                below += [_Below((*path, key, ANY_NAME), "", False, one) for one in shapes]
            merged = {**variant, **({"default": each["default"]} if "default" in each else {})}
            found.append(Setting((*path, key), merged, told, is_required))
    yield Section(path, at.meaning or shape.get("description", ""), at.is_required, tuple(found))
    for each_below in below:
        yield from _sections(whole, each_below)


def _variants(whole: Mapping[str, Any], shape: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what a value may be, references followed, `null` left out."""
    if "$ref" in shape:
        yield from _variants(whole, whole["$defs"][shape["$ref"].rpartition("/")[2]])
    elif "anyOf" in shape:
        for each in shape["anyOf"]:
            yield from _variants(whole, each)
    elif shape.get("type") != "null":
        yield shape
