"""What holds in the end, setting by setting, and who says so; secrets are named and not shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from fraudstream.config.environment import overridden
from fraudstream.config.loading import topology_of
from fraudstream.config.part import SettingError
from fraudstream.config.secret import MASK, SecretPlace
from fraudstream.config.topology import Topology
from fraudstream.config.tree import ANY_NAME, Path, Setting, sections
from fraudstream.rules.durations import format_duration
from fraudstream.rules.yaml_file import YamlFile

DEFAULT = "default"
OPTION = "--kafka"
NONE = "none"


class Resolved(NamedTuple):
    """A setting as it holds, written as in the file, and where that comes from."""

    key: str
    value: str
    origin: str


def resolved(
    file: YamlFile, environment: Mapping[str, str], kafka: str | None = None
) -> tuple[Topology, list[Resolved]]:
    """Return the topology of a file and of the environment, and every setting of it; RulesetError.

    `kafka` is the address that a command was given in place of both.
    """
    topology = topology_of(file, environment).with_kafka(kafka)
    _, variables = overridden(file.data, environment)
    said = dict(variables)
    if kafka is not None:
        said["kafka", "bootstrap"] = OPTION
    return topology, list(_rows(topology, _Origins(file, said), environment))


class _Origins:
    def __init__(self, file: YamlFile, said: Mapping[Path, str]) -> None:
        self._file = file
        self._said = said

    def of(self, path: Path) -> str:
        """Return who says a setting."""
        # A rule directory may be said by its path alone.
        short = path[:1] if path == ("rules", "directory") else path
        for each in (path, short):
            if each in self._said:
                return self._said[each]
        for each in (path, short):
            if each in self._file.places and not isinstance(_at(self._file.data, each), dict):
                return f"{self._file.name}:{self._file.places[each][0]}"
        return DEFAULT


def _rows(topology: Topology, origins: _Origins, environment: Mapping[str, str]) -> Iterator[Resolved]:
    data = topology.model_dump(mode="json", by_alias=True)
    for section in sections():
        if ANY_NAME in section.path or (section.path and _at(data, section.path[:-1]) is None):
            continue
        if _at(data, section.path) is None:
            yield Resolved(".".join(section.path), NONE, DEFAULT)
        elif section.is_secret:
            yield _secret(section.path, _at(topology, section.path), origins, environment)
        else:
            for setting in section.settings:
                value = _at(data, setting.path)
                if not (isinstance(value, dict) and setting.is_plain):
                    yield Resolved(".".join(setting.path), _written(setting, value), origins.of(setting.path))


def _secret(path: Path, place: SecretPlace, origins: _Origins, environment: Mapping[str, str]) -> Resolved:
    kind, name = ("env", place.env) if place.env is not None else ("file", place.file)
    try:
        place.reveal(environment)
    except SettingError:
        told = "not there"
    else:
        told = MASK
    return Resolved(f"{'.'.join(path)}.{kind}", f"{name} ({told})", origins.of((*path, kind)))


def _written(setting: Setting, value: Any) -> str:
    if value is None:
        return NONE
    if setting.is_duration:
        return format_duration(value)
    if isinstance(value, str):
        return value
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _at(data: Any, path: Path) -> Any:
    """Return what stands at a path, None where nothing does."""
    for key in path:
        if data is None:
            return None
        data = data.get(key) if isinstance(data, Mapping) else getattr(data, key)
    return data
