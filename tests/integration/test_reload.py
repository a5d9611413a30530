"""A running worker takes up changed rules and lists, and keeps its windows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loadtest.waiting import until
from tests.integration.rule_rig import RuleRig
from tests.unit.rule_files import event, rule_file, rule_files, write_files

pytestmark = pytest.mark.integration

COUNT = "{n: {count: events, by: debtor.id, window: 1h}}"
LISTED = rule_file('n >= 3 and creditor.account in list("mules")', features=COUNT, cases="[]", status="live")


def mules(*accounts: str) -> bytes:
    """Return a list of accounts."""
    entries = ", ".join(f"{{value: {account}}}" for account in accounts)
    head = b"schema: fraudstream.list/v1\nid: mules\ntitle: Mules\nsource: invented\nretrieved: 2026-03-01\n"
    return head + f"entries: [{entries}]\n".encode()


def test_lists_and_rules_change_while_the_worker_runs(
    kafka: str, topic_names: Callable[[str], str], tmp_path: Path
) -> None:
    """A list entry, then rules, from the next event on, and new ones say so; what is not fit is refused."""
    files = rule_files(LISTED, **{"lists/mules.yml": mules("m1")})
    setup = RuleRig(kafka, tmp_path, topic_names, files)
    to_m2: dict[str, Any] = {"creditor": {"account": "m2"}}
    with setup.worker:
        setup.send(*(event(f"a{number}", **to_m2) for number in range(3)))
        assert setup.alerts() == []

        write_files(setup.rules, {"lists/mules.yml": mules("m1", "m2")})
        until(lambda: setup.total("fraudstream_ruleset_changes_total", "loaded") == 1, "the list is taken up")
        setup.send(event("b", **to_m2))
        assert setup.alerts() == ["b"]

        write_files(setup.rules, {"x/0.yml": LISTED.replace(b"n >= 3", b"n >= ")})
        until(lambda: setup.total("fraudstream_ruleset_changes_total", "refused") == 1, "it is refused")
        setup.send(event("c", **to_m2))
        assert setup.alerts() == ["b", "c"]

        write_files(setup.rules, {"x/0.yml": LISTED.replace(b"n >= 3", b"n == 6")})
        until(lambda: setup.total("fraudstream_ruleset_changes_total", "loaded") == 2, "the rule is taken up")
        setup.send(event("d", **to_m2), event("e", **to_m2))
        assert setup.alerts() == ["b", "c", "d"]

        added = rule_file("n >= 1", features=COUNT.replace("1h", "4h"), cases="[]", rule_id="TST-NEW-001")
        write_files(setup.rules, {"x/1.yml": added})
        until(lambda: setup.total("fraudstream_ruleset_changes_total", "loaded") == 3, "a rule is added")
        setup.send(event("f", "2026-03-02T09:00:00Z"))
        newest = setup.whole_alerts()[-1]
        (feature,) = newest["warming"]["features"]
        told = (newest["rules"][0]["evidence"], feature["name"], feature["since"], feature["warm"])
        assert told == ({"n": 1}, "TST-NEW-001.n", "2026-03-02T08:00:00Z", 0.25)
