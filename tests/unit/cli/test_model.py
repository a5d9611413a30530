"""`fraudstream model inspect`, as a person sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudstream.cli.service import kept_by
from fraudstream.config import load_topology
from fraudstream.engine.step import Engine
from fraudstream.scorers import drift
from fraudstream.stores.checkpoints import Meta
from fraudstream.stores.rule_directory import load_ruleset, read_files
from tests.unit.cli.commands import fraudstream
from tests.unit.engine.test_learning import COUNTS, MODEL, taught
from tests.unit.rule_files import rule_files, write_files


def topology(folder: Path, more: str = "") -> Path:
    """Write a topology with rules, a model, labels and a place for checkpoints."""
    write_files(folder / "rules", rule_files(COUNTS, **{"models/learned.yml": MODEL}))
    path = folder / "t.yml"
    path.write_text(
        'schema: fraudstream.topology/v1\nname: n\nkafka: {bootstrap: "h:1"}\ninput: {topic: a}\n'
        "output: {alerts: b, dead_letters: c, journal: d}\nrules: rules\nlabels: {topic: e}\n"
        f"checkpoints: {{url: state}}\n{more}"
    )
    return path


def save(path: Path) -> None:
    """Have an engine judge and learn, and keep a checkpoint of it as a worker would."""
    loaded = load_topology(path)
    engine = Engine(load_ruleset(loaded.rules), loaded.settings())
    for start in range(0, 450, 150):
        taught(engine, 150, start)
    kept = kept_by(loaded)
    assert kept is not None
    kept.keep_rules(engine.ruleset.version, read_files(loaded.rules))
    meta = Meta({0: 450, -1: 450}, 1, {"ruleset": engine.ruleset.version})
    kept.store_of(0).save(engine.snapshot(), meta)


def test_what_a_model_has_learned_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has seen and learned, what its scores were worth, and for how long nothing has changed."""
    monkeypatch.setattr(drift, "BLOCK", 50)
    path = topology(tmp_path)
    save(path)
    printed = fraudstream("model", "inspect", "--topology", path).out
    assert "after the offsets {-1: 450, 0: 450}" in printed
    assert "learned: binned_logistic, 300 events scored, learned 405 genuine events and 45 frauds" in printed
    assert "by labels: AUC 0.9" in printed
    rows = [line.split() for line in printed.splitlines()]
    assert ["amount", "250", "events"] in rows
    assert ["score", "250", "events"] in rows


def test_what_cannot_be_inspected_is_told(tmp_path: Path) -> None:
    """A model that is not there, a topology without a checkpoint, and one that keeps none."""
    path = topology(tmp_path)
    assert "no checkpoint yet: run a worker first" in fraudstream("model", "inspect", "--topology", path).err
    save(path)
    told = fraudstream("model", "inspect", "other", "--topology", path)
    assert told.code == 1
    assert "there is no model other in ruleset" in told.err
    assert "known are learned" in told.err
    path.write_text(path.read_text().replace("checkpoints: {url: state}\n", ""))
    assert "names no checkpoints: add them" in fraudstream("model", "inspect", "--topology", path).err
