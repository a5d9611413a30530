"""Reads a topology file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import model_validator

from fraudstream.config.environment import named_by_variable, overridden
from fraudstream.config.part import Part, placed
from fraudstream.config.topology import Topology
from fraudstream.events.mapping import FieldMap, check_map
from fraudstream.events.schema import Schema
from fraudstream.rules.errors import Problem, RulesetError
from fraudstream.rules.validation import validated
from fraudstream.rules.yaml_file import YamlFile, read_yaml


def load_topology(path: Path, environment: Mapping[str, str] | None = None) -> Topology:
    """Read a topology file, with what the environment says otherwise; RulesetError says where it is wrong."""
    return topology_of(read_topology(path), os.environ if environment is None else environment)


def read_topology(path: Path) -> YamlFile:
    """Read a topology file as plain data; RulesetError where it is not well-formed."""
    return read_yaml(str(path), _read(path))


def topology_of(file: YamlFile, environment: Mapping[str, str]) -> Topology:
    """Return the topology of a file and of the environment; RulesetError says what does not fit."""
    data, variables = overridden(file.data, environment)
    try:
        topology = validated(YamlFile(file.name, data, file.places), Topology)
    except RulesetError as error:
        raise named_by_variable(error, variables) from None
    folder = Path(file.name).parent
    found: Topology = placed(topology, folder)
    checkpoints = found.checkpoints
    if checkpoints is None or "://" in checkpoints.url:
        return found
    url = str(placed(Path(checkpoints.url), folder))
    return found.model_copy(update={"checkpoints": checkpoints.model_copy(update={"url": url})})


def load_map(path: Path) -> FieldMap:
    """Read the `map:` of a file of field names; RulesetError says where it is wrong."""

    class MapFile(Part):
        map: FieldMap

        @model_validator(mode="after")
        def _fits(self) -> Any:
            check_map(self.map, Schema())
            return self

    return validated(read_yaml(str(path), _read(path)), MapFile).map


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"cannot be read ({error.strerror}): check the path"
        raise RulesetError([Problem(str(path), 1, 1, message)]) from None
