"""The states that models start from, as files of a rule directory."""

from __future__ import annotations

import pytest

from fraudstream.events.schema import Schema
from fraudstream.rules.errors import RulesetError
from fraudstream.rules.lint import lint
from fraudstream.rules.lock import new_lock
from fraudstream.rules.ruleset import Ruleset, build_ruleset
from tests.unit.rule_files import rule_file, rule_files, ruleset_of

MODEL = b"""schema: fraudstream.model/v1
id: unusual
title: Amounts
features: {amount: log1p(amount_usd)}
estimator: {kind: loda}
warm_up: 50
seed: 1
"""


def model_rules(start_from: str | None = None, **states: bytes) -> Ruleset:
    """Return a ruleset with a model, and states by their names in `models/`."""
    line = f"start_from: {start_from}\n".encode() if start_from else b""
    files = {f"models/{name}.state": content for name, content in states.items()}
    return build_ruleset(rule_files(rule_file(), **{"models/unusual.yml": MODEL + line}, **files))


def test_a_changed_state_is_a_changed_ruleset() -> None:
    """Its bytes count for the version like those of any other file that decides."""
    plain, one = model_rules(), model_rules("a.state", a=b"one")
    assert one.version not in (plain.version, model_rules("a.state", a=b"two").version)
    assert one.version == model_rules("a.state", a=b"one", b=b"three").version
    (model,) = one.models
    assert model.start is not None
    assert (model.start.name, model.start.content) == ("models/a.state", b"one")


def test_without_states_versions_are_what_they_were() -> None:
    """No ruleset gets another version because models may start from something."""
    assert ruleset_of(rule_file()).version == "1178e4e404c32181"


def test_a_state_lies_beside_its_model_file() -> None:
    """Or in a folder below, and nowhere else."""
    assert (
        model_rules("./a.state", a=b"one").models[0].start == model_rules("a.state", a=b"one").models[0].start
    )
    below = {"models/of/u.yml": MODEL + b"start_from: in/a.state\n", "models/of/in/a.state": b"one"}
    start = build_ruleset(rule_files(rule_file(), **below)).models[0].start
    assert start is not None
    assert start.content == b"one"
    for named in ("../a.state", "/a.state", "a.yml", "models", '""'):
        with pytest.raises(
            RulesetError, match=r"^models/unusual\.yml:8:13: start_from: name a file beside this"
        ):
            model_rules(named, a=b"one")


def test_a_state_that_is_not_there_is_for_the_check_of_models_to_tell() -> None:
    """A directory into which it is still to be put can be read."""
    start = model_rules("a.state").models[0].start
    assert start is not None
    assert start.content is None


def test_a_state_from_which_no_model_starts_is_told_by_lint() -> None:
    """It was forgotten in the directory, or in the model file."""
    for named, expected in (
        ("a.state", []),
        (None, ["models/a.state:1:1: no model starts from it: name it "]),
    ):
        ruleset = model_rules(named, a=b"one")
        found = [str(problem) for problem in lint(ruleset, Schema(), new_lock(ruleset, {}))]
        assert [
            problem[: len("models/a.state:1:1: no model starts from it: name it ")] for problem in found
        ] == (expected)
