"""What the environment says goes before the file, under names that follow from the keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudstream.config import Topology, load_topology
from fraudstream.config.environment import variable
from fraudstream.config.tree import settings
from fraudstream.rules.errors import RulesetError
from tests.unit.config.test_topology import topology

CANARY = "canary-of-the-environment-0b7d"


def loaded(tmp_path: Path, **said: str) -> Topology:
    """Return a small topology with what the environment says."""
    return load_topology(topology(tmp_path), {f"FRAUDSTREAM_{name}": value for name, value in said.items()})


def refusal(tmp_path: Path, **said: str) -> str:
    """Return why what the environment says is refused."""
    with pytest.raises(RulesetError) as caught:
        loaded(tmp_path, **said)
    return str(caught.value)


def test_a_variable_goes_before_the_file_and_the_default(tmp_path: Path) -> None:
    """Texts become numbers, durations, paths and lists, whatever the setting is."""
    found = loaded(
        tmp_path,
        KAFKA__BOOTSTRAP="a:1,b:2",
        INPUT__PARTITIONS="8",
        LATENESS="1h",
        CHECKPOINTS__URL="state",
        METRICS__INSECURE="true",
        RULES__BUNDLE="b",
        RULES__TRUST="ann.pub, bob.pub",
    )
    assert (found.kafka.bootstrap, found.input.partitions, found.lateness) == ("a:1,b:2", 8, 3_600_000_000)
    assert found.checkpoints is not None
    assert found.checkpoints.url == str(tmp_path / "state")
    assert found.metrics.insecure
    assert found.rule_source.trust == (tmp_path / "ann.pub", tmp_path / "bob.pub")


def test_an_empty_variable_and_one_of_others_say_nothing(tmp_path: Path) -> None:
    """Compose files pass empty ones on, and the product has variables that are no settings."""
    assert loaded(tmp_path, KAFKA__GROUP="", SIGNING_KEY="x", KAFKA="elsewhere:1") == loaded(tmp_path)


def test_a_name_that_is_no_setting_is_refused(tmp_path: Path) -> None:
    """With the one that was meant, or those below a section."""
    told = refusal(tmp_path, KAFKA__BOOTSTARP="a:1")
    assert told == (
        "FRAUDSTREAM_KAFKA__BOOTSTARP:1:1: there is no such setting: "
        "did you mean FRAUDSTREAM_KAFKA__BOOTSTRAP?"
    )
    told = refusal(tmp_path, KAFKA__SECURITY__SASL__PASSWORD=CANARY)
    assert "is no single value: set one of FRAUDSTREAM_KAFKA__SECURITY__SASL__PASSWORD__ENV, " in told
    assert CANARY not in told


def test_a_value_that_does_not_fit_is_told_of_its_variable(tmp_path: Path) -> None:
    """And not of a line of the file."""
    assert refusal(tmp_path, METRICS__PORT="many").startswith("FRAUDSTREAM_METRICS__PORT:1:1: metrics.port: ")


def test_no_two_settings_have_the_same_variable() -> None:
    """The law gives each its own."""
    assert len({variable(path) for path in settings()}) == len(settings())
