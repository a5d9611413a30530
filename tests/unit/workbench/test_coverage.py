"""What a ruleset leaves open."""

from __future__ import annotations

from fraudstream.engine.step import Settings
from fraudstream.rules.ruleset import build_ruleset
from fraudstream.workbench.coverage import Coverage, Fired, coverage
from tests.unit.rule_files import event, rule_file, rule_files, ruleset_of

TYPOLOGIES = b"""schema: fraudstream.typologies/v1
typologies:
  any: {title: Any, description: Anything}
  shadowed: {title: Shadowed, description: Only a shadow rule looks for it}
  scored:
    title: Scored
    description: Hits add up to it
    score:
      over: event
      weights: {TST-A-001: 50}
      bands: [{from: 50, action: hold, reason_code: ANY, reason: Enough}]
"""


def found(*amounts: float) -> Coverage:
    """Return the coverage of rules above 1, above 1 once more, above 50 and above 900, on some amounts."""
    limits = {"TST-A-001": 1, "TST-B-001": 1, "TST-C-001": 50, "TST-D-001": 900}
    rules = [
        rule_file(f"amount_usd > {limit}", rule_id=name, status="shadow", cases="[]")
        for name, limit in limits.items()
    ]
    messages = [event(f"e{place}", amount=amount) for place, amount in enumerate(amounts)]
    return coverage(ruleset_of(*rules), Settings(), [messages[:2], messages[2:]])


def fired(*amounts: float) -> Fired:
    """Return what fired of these rules."""
    fired = found(*amounts).fired
    assert fired is not None
    return fired


def test_a_typology_without_a_live_rule_is_open() -> None:
    """A live rule names it, or counts in its score; a shadow rule does not help."""
    live = rule_file(rule_id="TST-A-001", cases="[]")
    shadow = rule_file(rule_id="TST-B-001", status="shadow", cases="[]")
    files = rule_files(live, shadow.replace(b"typology: any", b"typology: shadowed"))
    files["typologies.yml"] = TYPOLOGIES
    covered = coverage(build_ruleset(files), Settings())
    assert covered.live_rules == {"any": ("TST-A-001",), "shadowed": (), "scored": ("TST-A-001",)}
    assert covered.open == ["shadowed"]
    assert covered.as_json()["fired"] is None


def test_idle_rules_twins_and_rules_that_imply_others() -> None:
    """Counted over all batches."""
    content = found(0.5, 2, 60, 70, 3).as_json()["fired"]
    assert content == {
        "events": 5,
        "hits": {"TST-A-001": 4, "TST-B-001": 4, "TST-C-001": 2, "TST-D-001": 0},
        "never": ["TST-D-001"],
        "same_events": [["TST-A-001", "TST-B-001"]],
        "only_with": [
            {"rule": "TST-C-001", "with": "TST-A-001"},
            {"rule": "TST-C-001", "with": "TST-B-001"},
        ],
    }


def test_more_history_may_tell_twins_apart() -> None:
    """All that always fire together are one group, until an event hits only some."""
    assert fired(60).twins == [["TST-A-001", "TST-B-001", "TST-C-001"]]
    assert fired(60, 2).twins == [["TST-A-001", "TST-B-001"]]


def test_history_without_an_event_lets_no_rule_fire() -> None:
    """Every rule is idle, and none is a twin."""
    nothing = fired()
    assert (len(nothing.never), nothing.twins, nothing.implied) == (4, [], [])
