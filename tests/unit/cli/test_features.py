"""`fraudstream features stats`, as a person sees it."""

from __future__ import annotations

from pathlib import Path

from tests.unit.cli.commands import fraudstream
from tests.unit.rule_files import event, rule_file, rule_files, write_files

FEATURES = (
    "{n: {count: events, by: debtor.id, window: 4h},"
    " before: {sum: amount_usd, by: [debtor.id, card.id], window: 1h, offset: 1h},"
    " known: {first_seen: events, by: debtor.id}}"
)


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
