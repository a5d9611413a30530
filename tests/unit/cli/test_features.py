"""`fraudstream features`, as a person sees it."""

from __future__ import annotations

from pathlib import Path

from fraudstream.cli.service import kept_by
from fraudstream.config import load_topology
from fraudstream.engine.step import Engine
from fraudstream.rules.ruleset import build_ruleset
from fraudstream.stores.checkpoints import Meta
from tests.unit.cli.commands import fraudstream
from tests.unit.rule_files import event, rule_file, rule_files, write_files

FEATURES = (
    "{n: {count: events, by: debtor.id, window: 4h},"
    " before: {sum: amount_usd, by: [debtor.id, card.id], window: 1h, offset: 1h},"
    " known: {first_seen: events, by: debtor.id}}"
)
COUNT = "{n: {count: events, by: debtor.id, window: %s}}"


def test_the_memory_of_every_feature_is_printed(tmp_path: Path) -> None:
    """What it counts, for whom, how far back, how many entities, and how much of its window has passed."""
    rule = rule_file("n + before > 1 and known is null", features=FEATURES)
    rules = write_files(tmp_path / "rules", rule_files(rule))
    history = tmp_path / "events.jsonl"
    events = [
        event("a"),
        event("b", "2026-03-02T09:00:00Z"),
        event("c", "2026-03-02T09:00:00Z", debtor={"id": "d"}),
    ]
    history.write_bytes(b"\n".join(events))
    printed = fraudstream("features", "stats", history, "--rules", rules).out
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in printed.splitlines() if line.strip()}
    assert rows["TST-ANY-001.n"].startswith("count events debtor.id 4h 2 ")
    assert rows["TST-ANY-001.n"].endswith(" 25%")
    assert rows["TST-ANY-001.before"].startswith("sum amount_usd debtor.id, card.id 1h, 1h ago 0 ")
    assert rows["TST-ANY-001.before"].endswith(" 50%")
    assert rows["TST-ANY-001.known"].startswith("first_seen events debtor.id ever 2 ")
    assert "log of 3 events" in printed


def test_a_worker_tells_how_warm_its_features_are(tmp_path: Path) -> None:
    """By its newest checkpoint: what was there from the begin, and what a reload has added."""
    topology = tmp_path / "t.yml"
    topology.write_text(
        'schema: fraudstream.topology/v1\nname: n\nkafka: {bootstrap: "h:1"}\ninput: {topic: a}\n'
        "output: {alerts: b, dead_letters: c, journal: d}\nrules: rules\ncheckpoints: {url: state}\n"
    )
    assert "no checkpoint yet" in fraudstream("features", "inspect", "--topology", topology).err
    old = rule_file("n > 1", features=COUNT % "1h")
    new = rule_file("n > 1", features=COUNT % "4h", rule_id="TST-NEW-001")
    loaded = load_topology(topology)
    engine = Engine(build_ruleset(rule_files(old)), loaded.settings())
    engine.step([event("a"), event("b", "2026-03-02T09:00:00Z")])
    engine.reload(engine.prepare(build_ruleset(rule_files(old, new))))
    engine.step([event("c", "2026-03-02T10:00:00Z")])
    kept = kept_by(loaded)
    assert kept is not None
    kept.keep_rules(engine.ruleset.version, rule_files(old, new))
    kept.store_of(0).save(engine.snapshot(), Meta({0: 3}, 1, {"ruleset": engine.ruleset.version}))
    printed = fraudstream("features", "inspect", "--topology", topology).out
    assert f"ruleset {engine.ruleset.version}, after the offsets {{0: 3}}" in printed
    rows = [line.split() for line in printed.splitlines() if "TST-" in line]
    assert {row[0]: row[-1] for row in rows} == {"TST-ANY-001.n": "100%", "TST-NEW-001.n": "25%"}
