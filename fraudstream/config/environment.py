"""What the environment says in place of the topology file.

One law gives the name of the variable: `FRAUDSTREAM_`, then the keys that lead to the value, in capitals,
with two underscores between. `FRAUDSTREAM_KAFKA__BOOTSTRAP` is `kafka.bootstrap`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from fraudstream.config.tree import Path, sections, settings
from fraudstream.rules.errors import Problem, RulesetError, did_you_mean

PREFIX = "FRAUDSTREAM_"
BETWEEN = "__"
Variables = Mapping[Path, str]
"""The names of the variables that say something, by the paths of what they say."""


def variable(path: Path) -> str:
    """Return the name of the variable that says a setting."""
    return PREFIX + BETWEEN.join(path).upper()


def overridden(data: Mapping[str, Any], environment: Mapping[str, str]) -> tuple[dict[str, Any], Variables]:
    """Return a file's data with what the environment says, and which variables said something.

    An empty variable says nothing. RulesetError names those that look like a setting and are none.
    """
    known = {variable(path): path for path, each in settings().items() if each.is_plain}
    said = {name: value for name, value in environment.items() if name.startswith(PREFIX) and value}
    if unknown := sorted(name for name in said.keys() - known.keys() if BETWEEN in name):
        raise RulesetError([Problem(name, 1, 1, _unknown(name, known)) for name in unknown])
    found = copy.deepcopy(dict(data))
    variables = {known[name]: name for name in sorted(said.keys() & known.keys())}
    for path, name in variables.items():
        _put(found, path, said[name])
    return found, variables


def named_by_variable(error: RulesetError, variables: Variables) -> RulesetError:
    """Return an error whose problems are told of the variables that they are about."""
    names = {".".join(path): name for path, name in variables.items()}

    def told(problem: Problem) -> Problem:
        name = names.get(problem.message.partition(": ")[0])
        return problem if name is None else Problem(name, 1, 1, problem.message)

    return RulesetError([told(each) for each in error.problems])


def _unknown(name: str, known: Mapping[str, Path]) -> str:
    path = tuple(name.removeprefix(PREFIX).lower().split(BETWEEN))
    if any(section.path == path for section in sections()):
        inner = ", ".join(sorted(each for each in known if each.startswith(name + BETWEEN)))
        return f"is no single value: set one of {inner}"
    remedy = did_you_mean(name, known) or "see docs/configuration.md"
    return f"there is no such setting: {remedy}"


def _put(data: dict[str, Any], path: Path, text: str) -> None:
    """Set a value, as text: the model makes of it what it has to be."""
    inner = data
    for key in path[:-1]:
        if not isinstance(inner.get(key), dict):
            inner[key] = {}
        inner = inner[key]
    inner[path[-1]] = [each.strip() for each in text.split(",")] if settings()[path].is_list else text
