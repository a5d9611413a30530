"""Whether a rule directory is fit to be published: it loads, lints, and passes its own tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from fraudstream.engine.models import check_models
from fraudstream.engine.selftest import check
from fraudstream.engine.step import Settings
from fraudstream.rules.errors import RulesetError
from fraudstream.rules.lint import lint
from fraudstream.rules.ruleset import Ruleset, build_ruleset
from fraudstream.stores.lock_file import read_lock
from fraudstream.stores.rule_directory import read_files

Prepare = Callable[[Ruleset, Settings], None]


class Fit(NamedTuple):
    """What may be published."""

    ruleset: Ruleset
    files: Mapping[str, bytes]


def fit_directory(directory: Path, settings: Settings, prepare: Prepare) -> Fit:
    """Return the ruleset of a directory and its files; RulesetError lists all problems.

    `prepare` is called before the tests run.
    """
    files = read_files(directory)
    ruleset = build_ruleset(files)
    problems = [*lint(ruleset, settings.schema, read_lock(directory)), *check_models(ruleset)]
    if problems:
        raise RulesetError(problems)
    prepare(ruleset, settings)
    check(ruleset, settings)
    return Fit(ruleset, files)


def fit_files(files: Mapping[str, bytes], settings: Settings, prepare: Prepare) -> Fit:
    """Return a ruleset that was published once; RulesetError where it is not fit to run any more.

    Lint is about changes to a directory and its lock, so it is not asked again.
    """
    ruleset = build_ruleset(files)
    prepare(ruleset, settings)
    check(ruleset, settings)
    return Fit(ruleset, files)
