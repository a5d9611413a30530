"""With `warm_from: input` the new features of a running worker count what the topic holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fraudstream.stream.admin import lag
from loadtest.waiting import until
from tests.integration.rule_rig import RuleRig
from tests.unit.rule_files import event, rule_file, rule_files, write_files

pytestmark = pytest.mark.integration

OLD = rule_file("amount_usd > 100", cases="[]", rule_id="TST-OLD-001", status="shadow")
COUNT = "{n: {count: events, by: debtor.id, window: %s}}"
CHECKPOINTS = "checkpoints: {url: state, every: 24h}"
"""None is written while the worker runs, but its rules are kept: so a recovery reads everything again."""


def counting(window: str, rule_id: str = "TST-NEW-001") -> bytes:
    """Return a rule that tells of every event how many there were."""
    return rule_file("n >= 1", features=COUNT % window, cases="[]", rule_id=rule_id)


def at(time: str) -> bytes:
    """Return an event of a day at some time."""
    return event(time, f"2026-03-02T{time}:00Z")


def told(setup: RuleRig) -> tuple[dict[str, Any], Any]:
    """Return of the newest alert, by rule, the evidence, and the mark."""
    newest = setup.whole_alerts()[-1]
    return {rule["id"]: rule["evidence"] for rule in newest["rules"]}, newest["warming"]


def test_a_new_rule_knows_what_the_topic_holds(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path
) -> None:
    """From its first event on, and after a crash, whose recovery puts the rule in force as it was then."""
    source = f"rules: {{directory: rules, warm_from: input}}\n{CHECKPOINTS}"
    setup = RuleRig(kafka, tmp_path, topic_names, rule_files(OLD), source)
    with setup.worker:
        setup.send(*map(at, ("08:00", "09:00", "10:00", "11:00")))
        write_files(setup.rules, {"x/1.yml": counting("24h")})
        until(lambda: setup.total("fraudstream_ruleset_changes_total", "loaded") == 1, "it is in force")
        setup.send(at("12:00"))
        assert told(setup) == ({"TST-NEW-001": {"n": 5}}, None)
        until(lambda: sum(lag(setup.topology).values()) == 0, "what was judged is committed")
        setup.worker.kill()
    # The worker that comes has other rules than the one that is gone.
    write_files(setup.rules, {"x/2.yml": counting("1h", "TST-NEW-002")})
    with setup.worker:
        setup.send(at("12:30"))
        assert told(setup) == ({"TST-NEW-001": {"n": 6}, "TST-NEW-002": {"n": 2}}, None)
    log = (tmp_path / "worker.log").read_text()
    assert log.count("have counted 4 offsets") == 1
    assert log.count("have counted 5 offsets") == 1
