"""A reload between two batches loses no window, and lets new features begin where they do."""

from __future__ import annotations

import pytest

from fraudstream.engine.generations import GENERATIONS_MAX
from fraudstream.engine.step import Engine
from fraudstream.rules.errors import RulesetError
from tests.unit.rule_files import alerts_of, engine_of, event, outcomes, rule_file, ruleset_of

COUNT = "{n: {count: events, by: debtor.id, window: 1h}}"
WIDER = "{n: {count: events, by: debtor.id, window: 2h}}"
QUIET = "{action: review, score: 10, reason_code: ANY, suppress: {by: debtor.id, for: 1h}}"


def reload(engine: Engine, *rules: bytes) -> None:
    """Put other rules in force."""
    engine.reload(engine.prepare(ruleset_of(*rules)))


def test_a_feature_of_both_rulesets_goes_on() -> None:
    """Its window still holds the events of before, whatever else changed in the rule."""
    engine = engine_of(rule_file("n >= 3", features=COUNT))
    assert outcomes(engine, event("a"), event("b")) == (0, 2, 0)
    before = engine.ruleset.version
    reload(engine, rule_file("n > 2 and amount_usd < 5", features=COUNT))
    assert engine.ruleset.version != before
    assert outcomes(engine, event("c")) == (1, 0, 0)


def test_a_new_feature_counts_from_the_swap_on() -> None:
    """Beside one that goes on."""
    engine = engine_of(rule_file("n >= 2", features=COUNT))
    engine.step([event("a"), event("b")])
    reload(
        engine,
        rule_file("n >= 2", features=WIDER),
        rule_file("n >= 3", features=COUNT, rule_id="TST-OLD-002"),
    )
    result = engine.step([event("c")])
    assert dict(zip(result.rule_ids, result.rule_outcomes.tolist(), strict=True)) == {
        "TST-ANY-001": [0, 1, 0],
        "TST-OLD-002": [1, 0, 0],
    }
    assert outcomes(engine, event("d")) == (1, 0, 0)


def test_a_feature_that_comes_back_begins_anew() -> None:
    """What no ruleset wants is forgotten."""
    engine = engine_of(rule_file("n >= 2", features=COUNT))
    engine.step([event("a")])
    reload(engine, rule_file())
    reload(engine, rule_file("n >= 2", features=COUNT))
    assert outcomes(engine, event("b"), event("c")) == (1, 1, 0)


def test_a_feature_that_comes_back_beside_one_that_stayed_begins_anew() -> None:
    """Features that began together do not keep each other's state."""
    other = rule_file("n >= 2", features=WIDER, rule_id="TST-OLD-002")
    engine = engine_of(rule_file("n >= 2", features=COUNT), other)
    engine.step([event("a")])
    reload(engine, rule_file(), other)
    engine.step([event("b")])
    reload(engine, rule_file("n >= 2", features=COUNT), other)
    assert engine.step([event("c"), event("d")]).rule_outcomes.tolist() == [[1, 1, 0], [2, 0, 0]]


def test_late_events_are_told_by_the_watermark_of_before() -> None:
    """A store that begins in mid-stream knows how late it is."""
    engine = engine_of(rule_file("n >= 2", features=COUNT))
    engine.step([event("a", "2026-03-02T09:00:00Z")])
    reload(engine, rule_file("n >= 2", features=WIDER))
    assert engine.step([event("b", "2026-03-02T08:30:00Z")]).late == 1


def test_what_was_told_stays_quiet() -> None:
    """Suppression goes on by the rule's id."""
    engine = engine_of(rule_file("amount_usd > 0", then=QUIET))
    assert len(alerts_of(engine, event("a"))) == 1
    reload(engine, rule_file("amount_usd >= 0", then=QUIET))
    assert alerts_of(engine, event("b")) == []


def test_a_summary_keeps_the_columns_of_its_first_hit() -> None:
    """Where a reload within the hour changes for whom the rule is quiet."""
    then = "{action: review, score: 10, reason_code: ANY, alerts_per_hour_max: 1, suppress: %s}"
    by_one, by_two = ("{by: debtor.id, for: 1s}", "{by: [debtor.id, card.id], for: 1s}")
    engine = engine_of(rule_file("amount_usd > 0", then=then % by_one))
    parties = {"debtor": {"id": "c1"}, "card": {"id": "k1"}}
    times = [f"2026-03-02T08:00:0{second}Z" for second in (0, 2, 4)]
    first, second, third = (event(at, at, **parties) for at in times)
    engine.step([first, second])
    reload(engine, rule_file("amount_usd > 0", then=then % by_two))
    summary, _ = alerts_of(engine, third, event("d", "2026-03-02T09:00:00Z", **parties))
    assert summary["keys"] == [{"key": {"debtor.id": "c1"}, "held_back": 2}]


def test_duplicates_are_known_across_a_reload() -> None:
    """An id is an id."""
    engine = engine_of(rule_file())
    engine.step([event("a")])
    reload(engine, rule_file("amount_usd > 5"))
    assert engine.step([event("a")]).duplicates == 1


def test_a_ruleset_that_does_not_fit_changes_nothing() -> None:
    """It is found when it is prepared."""
    engine = engine_of(rule_file("n >= 2", features=COUNT))
    before = engine.ruleset.version
    with pytest.raises(RulesetError, match="amont is unknown"):
        reload(engine, rule_file("amont > 5"))
    assert engine.ruleset.version == before


def test_too_many_generations_are_refused() -> None:
    """Each reload here keeps all earlier features and adds one; the ruleset in force goes on."""

    def rules(count: int) -> list[bytes]:
        return [
            rule_file(
                "n >= 2",
                features=f"{{n: {{count: events, by: debtor.id, window: {number + 1}h}}}}",
                rule_id=f"TST-N{number:02}-001",
            )
            for number in range(count)
        ]

    engine = engine_of(*rules(1))
    for count in range(2, GENERATIONS_MAX + 1):
        reload(engine, *rules(count))
    version = engine.ruleset.version
    with pytest.raises(RulesetError, match="16 reloads have added features that are still used"):
        reload(engine, *rules(GENERATIONS_MAX + 1))
    result = engine.step([event("a"), event("b")])
    assert engine.ruleset.version == version
    assert result.rule_outcomes.tolist() == [[1, 1, 0]] * GENERATIONS_MAX
