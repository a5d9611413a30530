"""Only a directory that loads, lints and passes its own tests may be published."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudstream.engine.step import Settings
from fraudstream.rules.errors import RulesetError
from fraudstream.rules.lock import new_lock
from fraudstream.rules.ruleset import Ruleset, build_ruleset
from fraudstream.stores.lock_file import write_lock
from fraudstream.workbench.fitness import fit_directory, fit_files
from tests.unit.rule_files import rule_file, rule_files, write_files


class Prepared:
    """Remembers for which rulesets the kernels were made ready."""

    def __init__(self) -> None:
        self.versions: list[str] = []

    def __call__(self, ruleset: Ruleset, _: Settings) -> None:
        """Remember one."""
        self.versions.append(ruleset.version)


def directory(folder: Path, rule: bytes) -> Path:
    """Write and lock a directory of one rule."""
    files = rule_files(rule)
    write_files(folder, files)
    write_lock(folder, new_lock(build_ruleset(files), {}))
    return folder


def test_a_fit_directory_comes_with_its_files(tmp_path: Path) -> None:
    """What was checked is what is packed."""
    prepared = Prepared()
    ruleset, files = fit_directory(directory(tmp_path, rule_file()), Settings(), prepared)
    assert files == rule_files(rule_file())
    assert prepared.versions == [ruleset.version] == [build_ruleset(files).version]


def test_what_is_not_fit_is_refused_before_its_tests_run(tmp_path: Path) -> None:
    """A rule that was changed behind its lock."""
    write_files(directory(tmp_path, rule_file()), {"x/0.yml": rule_file("amount_usd > 200")})
    prepared = Prepared()
    with pytest.raises(RulesetError, match=r"x/0\.yml"):
        fit_directory(tmp_path, Settings(), prepared)
    assert prepared.versions == []


def test_a_failing_test_is_refused(tmp_path: Path) -> None:
    """In a directory, and in what was published once."""
    rule = rule_file("amount_usd > 900")
    told = "case 'over' expects hit, got miss"
    with pytest.raises(RulesetError, match=told):
        fit_directory(directory(tmp_path, rule), Settings(), Prepared())
    with pytest.raises(RulesetError, match=told):
        fit_files(rule_files(rule), Settings(), Prepared())


def test_what_was_published_needs_no_lock() -> None:
    """Its lock was checked then."""
    assert fit_files(rule_files(rule_file()), Settings(), Prepared()).ruleset.rules[0].id == "TST-ANY-001"
