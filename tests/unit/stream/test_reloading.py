"""A changed rule directory is taken up whole, or refused with its reasons while the old rules stay."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fraudstream.engine.step import Engine, Settings
from fraudstream.rules.errors import Problem, RulesetError
from fraudstream.rules.ruleset import Ruleset, build_ruleset
from fraudstream.stores.bundles.errors import STALE, BundleError
from fraudstream.stores.rule_directory import read_files
from fraudstream.stores.rule_watch import RuleWatch
from fraudstream.stream import reloading
from fraudstream.stream.backfilling import BackfillError
from fraudstream.stream.reloading import Check, Reloader, check_apart
from fraudstream.stream.shard import Shard
from tests.unit.rule_files import rule_file, rule_files, write_files
from tests.unit.stream.fakes import FakeObserver


class FakeEngine:
    """Swaps rulesets, and can fail at it."""

    settings = Settings()
    rule_ids = ("TST-ANY-001",)

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self.trouble: Exception | None = None

    def prepare(self, ruleset: Ruleset) -> Any:
        """Return what is swapped in later."""
        return SimpleNamespace(ruleset=ruleset)

    def reload(self, prepared: Any) -> None:
        """Swap."""
        if self.trouble is not None:
            raise self.trouble
        self.ruleset = prepared.ruleset


class FakeRecord:
    """Remembers what it is told, and may refuse."""

    def __init__(self) -> None:
        self.told: list[tuple[str, ...]] = []
        self.trouble: Exception | None = None

    bundle = 3

    def take(self, ruleset: Ruleset) -> None:
        """Note a ruleset."""
        if self.trouble is not None:
            raise self.trouble
        self.told.append(("take", ruleset.version))

    def refused(self, reason: str, why: str) -> None:
        """Note a refusal."""
        if self.trouble is not None and not isinstance(self.trouble, BundleError):
            raise self.trouble
        self.told.append(("refused", reason, why))


class Setup:
    """A directory with one rule, and a reloader that checks in this process."""

    def __init__(self, directory: Path) -> None:
        self.directory = write_files(directory, rule_files(rule_file()))
        files = read_files(directory)
        self.engine = FakeEngine(build_ruleset(files))
        self.observer = FakeObserver()
        self.checked = 0
        self.record = FakeRecord()
        watch = RuleWatch(directory, files)
        shard = Shard(cast(Engine, self.engine))
        self.reloader = Reloader(
            watch, shard, self.observer, check=cast(Check, self.check), record=self.record
        )

    def check(self, files: Mapping[str, bytes], _: Settings) -> Ruleset:
        """Build the ruleset without its tests."""
        self.checked += 1
        return build_ruleset(files)

    def write(self, rule: bytes) -> None:
        """Change the rule, and look until the change is taken up."""
        write_files(self.directory, {"x/0.yml": rule})
        for _ in range(3):
            asyncio.run(self.reloader.look())


def test_models_are_warm_before_the_swap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reload may bring the first model of its kind, and no event is to wait for the compiler."""
    setup = Setup(tmp_path)
    old, warmed = setup.engine.ruleset.version, []

    def warm(ruleset: Ruleset, _: Settings) -> None:
        assert setup.engine.ruleset.version == old
        warmed.append(ruleset.version)

    monkeypatch.setattr(reloading, "warm_models", warm)
    setup.write(rule_file("amount_usd > 7"))
    assert warmed == [setup.engine.ruleset.version] != [old]


def test_nothing_new_is_not_checked(tmp_path: Path) -> None:
    """Looking costs next to nothing."""
    setup = Setup(tmp_path)
    for _ in range(3):
        asyncio.run(setup.reloader.look())
    assert (setup.checked, setup.observer.rulesets) == (0, [])


def test_a_change_is_swapped_in_and_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The observer and the log name the version that is in force now."""
    setup = Setup(tmp_path)
    before = setup.engine.ruleset.version
    with caplog.at_level(logging.INFO):
        setup.write(rule_file("amount_usd > 7"))
    after = setup.engine.ruleset.version
    assert after != before
    assert (setup.checked, setup.observer.rulesets) == (1, [(after, 1, 3)])
    assert f"ruleset {after} is in force: 1 rules, bundle 3" in caplog.text


def test_a_faulty_change_is_refused_with_its_place(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The old ruleset stays, and the log says file, line, column and remedy."""
    setup = Setup(tmp_path)
    before = setup.engine.ruleset.version
    setup.write(rule_file("amount_usd >"))
    assert setup.engine.ruleset.version == before
    assert (setup.observer.refusals, setup.observer.rulesets) == (["unfit"], [])
    assert f"ruleset {before} stays in force: x/0.yml:13:" in caplog.text


def test_trouble_at_the_swap_does_not_stop_the_worker(tmp_path: Path) -> None:
    """Whatever goes wrong, the next change is looked for."""
    setup = Setup(tmp_path)
    setup.engine.trouble = RuntimeError("no such luck")
    setup.write(rule_file("amount_usd > 7"))
    assert setup.observer.refusals == ["failed"]
    setup.engine.trouble = None
    setup.write(rule_file("amount_usd > 8"))
    assert len(setup.observer.rulesets) == 1


def test_rules_are_noted_before_they_judge(tmp_path: Path) -> None:
    """And so is every refusal."""
    setup = Setup(tmp_path)
    setup.write(rule_file("amount_usd > 7"))
    setup.write(rule_file("amount_usd >"))
    version = setup.engine.ruleset.version
    assert setup.record.told[0] == ("take", version)
    assert setup.record.told[1][:2] == ("refused", "unfit")
    assert len(setup.record.told) == 2


def test_what_the_record_refuses_does_not_judge(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its reason is told in one line."""
    setup = Setup(tmp_path)
    before = setup.engine.ruleset.version
    setup.record.trouble = BundleError(STALE, "b", "it is old", "publish anew")
    setup.write(rule_file("amount_usd > 7"))
    assert setup.engine.ruleset.version == before
    assert setup.observer.refusals == ["stale"]
    assert f"refused, ruleset {before} stays in force: b: it is old: publish anew" in caplog.text
    assert setup.record.told == [("refused", "stale", "b: it is old: publish anew")]


def test_rules_that_cannot_be_noted_do_not_judge(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A full disk is told of, and the worker goes on."""
    setup = Setup(tmp_path)
    before = setup.engine.ruleset.version
    setup.record.trouble = OSError(28, "No space left on device")
    setup.write(rule_file("amount_usd > 7"))
    assert setup.engine.ruleset.version == before
    assert (setup.observer.refusals, setup.observer.errors) == (["failed"], ["audit"])
    assert "the refusal is not in the audit log: [Errno 28] No space left on device" in caplog.text


def test_rules_whose_past_cannot_be_counted_are_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """In one line; the rules are not to blame, and the old ones stay."""
    setup = Setup(tmp_path)

    async def swap(ruleset: Ruleset) -> None:
        raise BackfillError("events grows faster: bring the rules again")

    setup.reloader._swap = swap
    setup.write(rule_file("amount_usd > 7"))
    assert setup.observer.refusals == ["failed"]
    assert "stays in force: events grows faster: bring the rules again" in caplog.text
    assert "Traceback" not in caplog.text


def test_the_check_runs_in_a_process_of_its_own() -> None:
    """What passes comes back as a ruleset, what fails its own tests as the problems."""
    good = rule_files(rule_file())
    assert check_apart(good, Settings()).version == build_ruleset(good).version
    with pytest.raises(RulesetError) as caught:
        check_apart(rule_files(rule_file("amount_usd > 900")), Settings())
    (problem,) = caught.value.problems
    assert problem == Problem("x/0.yml", 16, 17, "TST-ANY-001: case 'over' expects hit, got miss")
