"""States of models beside rule files: put there whole, noticed, kept for a recovery."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from fraudstream.engine.step import Engine
from fraudstream.rules.errors import RulesetError
from fraudstream.scorers.protocol import ScorerError
from fraudstream.scorers.state_file import STATE_BYTES_MAX
from fraudstream.stores.checkpoints import CheckpointStore, Identity, Meta
from fraudstream.stores.rule_archive import RuleArchive
from fraudstream.stores.rule_directory import load_ruleset, read_files
from fraudstream.stores.rule_watch import RuleWatch
from fraudstream.stores.state import StateStore
from fraudstream.stores.state_files import import_state
from fraudstream.stores.whole_file import write_whole
from tests.unit.engine.test_model_states import START, UNUSUAL, experienced, files, payments, ruleset, scores
from tests.unit.rule_files import write_files

STATE = experienced().exported("unusual", "0.1.0")


def content_of(directory: Path) -> Mapping[str, bytes]:
    """Return every file below a directory."""
    return {str(path): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def state_at(path: Path, content: bytes = STATE) -> Path:
    """Write a state as a file of its own."""
    path.write_bytes(content)
    return path


def test_a_state_lands_beside_its_model_file(tmp_path: Path) -> None:
    """And the line is told that the model file lacks; with it the directory starts from the state."""
    rules = write_files(tmp_path / "rules", files())
    done = import_state(state_at(tmp_path / "some.state"), rules)
    assert (done.state, done.model_file) == (rules / "models/unusual.state", rules / "models/m.yml")
    assert done.line == "start_from: unusual.state"
    assert done.state.read_bytes() == STATE
    assert not list(rules.rglob(".*"))
    assert load_ruleset(rules).version == ruleset().version
    with done.model_file.open("a") as file:
        file.write(f"{done.line}\n")
    assert Engine(load_ruleset(rules)).reports()[0].events == 300


def test_a_state_goes_where_the_model_file_looks_for_it(tmp_path: Path) -> None:
    """Also where there is nothing yet, or something damaged."""
    rules = write_files(tmp_path / "rules", {**files(state=b""), "models/m.yml": UNUSUAL + START})
    for before in (None, b"damaged"):
        (rules / "models/a.state").unlink(missing_ok=True)
        if before is not None:
            (rules / "models/a.state").write_bytes(before)
        done = import_state(state_at(tmp_path / "some.state"), rules)
        assert (done.state, done.line) == (rules / "models/a.state", None)
        assert Engine(load_ruleset(rules)).reports()[0].events == 300


def test_a_state_can_be_for_a_model_of_another_name(tmp_path: Path) -> None:
    """That is made of the same; the copy is of the new name."""
    other = UNUSUAL.replace(b"id: unusual", b"id: other")
    rules = write_files(tmp_path / "rules", files(other))
    source = state_at(tmp_path / "some.state")
    with pytest.raises(ScorerError) as caught:
        import_state(source, rules)
    assert str(caught.value) == (
        f"{source} is for the model unusual, which {rules} does not have: name one by --as; known are other"
    )
    done = import_state(source, rules, "other")
    assert done.line == "start_from: other.state"
    write_files(rules, {"models/m.yml": other + b"start_from: other.state\n"})
    assert Engine(load_ruleset(rules)).reports()[0].events == 300


@pytest.mark.parametrize(
    ("model", "state", "message"),
    [
        (UNUSUAL, STATE[:-1] + bytes([STATE[-1] ^ 1]), "does not have its checksum"),
        (UNUSUAL, b"", "is no exported model state"),
        (
            UNUSUAL.replace(b"amount: log1p(amount_usd), ", b""),
            STATE,
            "has learned the features amount, n, the",
        ),
        (UNUSUAL, b"x" * (STATE_BYTES_MAX + 1), f"takes {STATE_BYTES_MAX + 1} bytes, at most "),
    ],
    ids=["damaged", "empty", "other features", "too large"],
)
def test_a_refused_state_changes_nothing(tmp_path: Path, model: bytes, state: bytes, message: str) -> None:
    """The message names the file, what is wrong with it and the remedy."""
    rules = write_files(tmp_path / "rules", files(model))
    before = content_of(rules)
    source = state_at(tmp_path / "some.state", state)
    with pytest.raises(ScorerError) as caught:
        import_state(source, rules)
    assert str(caught.value).startswith(f"{source} {message}")
    assert content_of(rules) == before


def test_a_faulty_directory_is_told_and_left_alone(tmp_path: Path) -> None:
    """With the faults of its files."""
    rules = write_files(tmp_path / "rules", files(UNUSUAL.replace(b"log1p(", b"log1p")))
    with pytest.raises(RulesetError, match=r"^models/m\.yml:5:"):
        import_state(state_at(tmp_path / "some.state"), rules)
    assert not list(rules.rglob("*.state"))


def test_a_file_that_cannot_be_written_whole_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was there stays, and nothing is left over."""
    path = state_at(tmp_path / "a.state", b"before")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, STATE)
    assert content_of(tmp_path) == {str(path): b"before"}


def test_states_are_read_with_the_rules_and_nowhere_else(tmp_path: Path) -> None:
    """In the folder of the models; one that is too large is refused by its size."""
    rules = write_files(tmp_path, {**files(state=STATE), "x/b.state": b"x"})
    assert {name for name in read_files(rules) if name.endswith(".state")} == {"models/a.state"}
    with (rules / "models/b.state").open("wb") as file:
        file.truncate(STATE_BYTES_MAX + 1)
    with pytest.raises(RulesetError) as caught:
        read_files(rules)
    assert str(caught.value) == (
        "models/b.state:1:1: the file has 67108865 bytes, at most 67108864 are read: take a smaller estimator"
    )


def test_a_changed_state_is_noticed(tmp_path: Path) -> None:
    """As a change of the rules, of another version."""
    rules = write_files(tmp_path, files(state=STATE))
    watch, version = RuleWatch(rules, read_files(rules)), load_ruleset(rules).version
    assert watch.changed() is None
    later = experienced()
    later.step(payments(1, start=300))
    write_whole(rules / "models/a.state", later.exported("unusual", "0.1.0"))
    assert watch.changed() is None
    assert watch.changed() == read_files(rules)
    assert load_ruleset(rules).version != version


def test_a_recovery_finds_the_state_in_the_archive(tmp_path: Path) -> None:
    """Though the rule directory has another one by then: with a checkpoint, and without one."""
    kept = StateStore(
        lambda shard: CheckpointStore(str(tmp_path / "state"), Identity("g", "t", shard)),
        RuleArchive(str(tmp_path / "state/rules")),
    )
    engine = Engine(ruleset(state=STATE))
    version = engine.ruleset.version
    kept.keep_rules(version, files(state=STATE))
    engine.step(payments(50, start=300))
    kept.store_of(0).save(engine.snapshot(), Meta({0: 50}, 1, {"ruleset": version}))
    found, loaded = kept.ruleset_of(version), kept.store_of(0).load()
    assert found is not None
    assert loaded is not None
    recovered, replayed = Engine(found), Engine(found)
    recovered.restore(loaded.snapshot)
    replayed.step(payments(50, start=300))
    later = payments(50, start=350)
    expected = scores(engine.step(later))
    assert scores(recovered.step(later)) == scores(replayed.step(later)) == expected != []
