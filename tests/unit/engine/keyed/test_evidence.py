"""The events that alerts name as evidence are those that one engine names."""

from __future__ import annotations

import pytest

from fraudstream.engine.step import Engine, Settings
from tests.keyed_fold import KeyedFold, told
from tests.unit.rule_files import event, rule_file, ruleset_of

FEATURES = (
    "{n: {count: events, by: debtor.id, window: 1h}, "
    "last: {last: amount_usd, by: [creditor.id, debtor.id], window: 1h}}"
)


@pytest.mark.parametrize("when", ["n > 1 and last is not null", "n > 1 and not (last is null)"])
def test_whether_a_feature_is_null_is_no_share_s_to_say(when: str) -> None:
    """A share that does not keep a feature does not take it for null, and keeps no evidence back."""
    rules = [
        rule_file(when, features=FEATURES, rule_id="TST-ANY-001"),
        rule_file('rule("TST-ANY-001") and n > 0', features=FEATURES, rule_id="TST-ANY-002"),
    ]
    events = [
        event(f"e{number}", debtor={"id": f"c{number % 7}"}, creditor={"id": f"d{number % 3}"})
        for number in range(60)
    ]
    ruleset = ruleset_of(*rules)
    once = Engine(ruleset).step(events)
    assert len(once.alerts) > 10
    for partitions in (1, 2, 5):
        assert told(KeyedFold(ruleset, Settings(), partitions).step(events)) == told(once)
