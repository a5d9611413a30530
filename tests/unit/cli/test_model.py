"""`fraudstream model`, as a person sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudstream import __version__
from fraudstream.cli.service import kept_by
from fraudstream.config import load_topology
from fraudstream.engine.step import Engine
from fraudstream.scorers import watched
from fraudstream.stores.checkpoints import Meta
from fraudstream.stores.rule_directory import load_ruleset, read_files
from tests.unit.cli.commands import error_line, error_lines, fraudstream
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
    monkeypatch.setattr(watched, "BLOCK", 50)
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


def exported(folder: Path) -> Path:
    """Return a state that was exported by the command line, of the model of `topology`."""
    path = topology(folder)
    save(path)
    ran = fraudstream("model", "export", "learned", "--to", folder / "l.state", "--topology", path)
    assert (ran.code, ran.err) == (0, "")
    return folder / "l.state"


def test_what_was_learned_is_taken_elsewhere(tmp_path: Path) -> None:
    """By two commands and one line, which the second one says."""
    state = exported(tmp_path)
    rules = write_files(tmp_path / "other", rule_files(COUNTS, **{"models/learned.yml": MODEL}))
    assert fraudstream("rules", "lock", rules).code == 0
    ran = fraudstream("model", "import", state, "--rules", rules)
    assert (ran.code, ran.err) == (0, "")
    version = load_ruleset(rules).version
    assert ran.out == (
        f"{rules}/models/learned.state: learned, binned_logistic of 2 features, 300 events scored; learned "
        f"405 genuine events and 45 frauds; exported under ruleset {version} by fraudstream {__version__}\n"
        f"now add this line to {rules}/models/learned.yml:\n\nstart_from: learned.state\n\n"
    )
    with (rules / "models/learned.yml").open("a") as file:
        file.write("start_from: learned.state\n")
    assert not [line for line in fraudstream("rules", "lint", rules).err.splitlines() if "models" in line]
    again = fraudstream("model", "import", state, "--rules", rules).out
    assert again.endswith(
        f"{rules}/models/learned.yml starts from it: a model that runs begins anew with it\n"
    )


def test_an_export_says_what_it_wrote(tmp_path: Path) -> None:
    """Under which rules, after which events, and how much."""
    path = topology(tmp_path)
    save(path)
    to = tmp_path / "l.state"
    ran = fraudstream("model", "export", "learned", "--to", to, "--topology", path)
    version = load_ruleset(tmp_path / "rules").version
    size = f"{to.stat().st_size:,}"
    assert ran.out == (
        f"learned of ruleset {version}, after the offsets {{-1: 450, 0: 450}}: {size} bytes in {to}\n"
    )


def test_what_cannot_be_exported_is_told(tmp_path: Path) -> None:
    """A model that is not there, a place that is not there, and a model whose state can run code."""
    path = topology(tmp_path)
    save(path)
    options = ["--to", tmp_path / "no" / "l.state", "--topology", path]
    line = error_line("model", "export", "other", *options)
    assert line.endswith(": known are learned")
    assert error_lines("model", "export", "learned", *options) == [
        f"{tmp_path}/no/l.state: cannot be written (No such file or directory): choose another path"
    ]
    river = MODEL.replace(b"{kind: binned_logistic, first: 100}", b"{kind: river, name: LODA}")
    write_files(tmp_path / "rules", {"models/learned.yml": river})
    save(path)
    assert error_lines("model", "export", "learned", *options) == [
        "learned is of an estimator of the kind river, whose state is a pickle, and a pickle can run code: "
        "it is neither exported nor imported; let the model learn anew, or use loda or half_space_trees"
    ]


def test_what_cannot_be_imported_is_told(tmp_path: Path) -> None:
    """A file that is not there, one that is no state, and rules without that model."""
    state = exported(tmp_path)
    gone = tmp_path / "gone.state"
    assert error_lines("model", "import", gone, "--rules", tmp_path / "rules") == [
        f"{gone}: cannot be read or written (No such file or directory): mend that, and repeat"
    ]
    line = error_line("model", "import", tmp_path / "t.yml", "--rules", tmp_path / "rules")
    assert line.startswith(f"{tmp_path}/t.yml is no exported model state: ")
    line = error_line("model", "import", state, "--rules", tmp_path / "rules", "--as", "lerned")
    assert line.endswith("does not have: name one by --as; did you mean learned?")
    line = error_line("model", "import", state, "--rules", tmp_path / "nowhere")
    assert line.endswith("nowhere:1:1: there is no such directory: give the rule directory")


def test_lint_tells_of_a_state_that_does_not_fit(tmp_path: Path) -> None:
    """Where the model file names it."""
    state = exported(tmp_path)
    model = MODEL.replace(b"seed: 1", b"seed: 2") + b"start_from: l.state\n"
    files = {"models/learned.yml": model, "models/l.state": state.read_bytes()}
    rules = write_files(tmp_path / "other", rule_files(COUNTS, **files))
    found = [line for line in error_lines("rules", "lint", rules) if line.startswith("models/")]
    assert found == [
        "models/learned.yml:9:13: start_from: models/l.state was learned with seed 1, the model file has 2: "
        "export it from a model whose file says the same, or let this one learn anew"
    ]
