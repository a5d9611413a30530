"""The evidence of an alert: all that can be told, and what cannot."""

from __future__ import annotations

from pathlib import Path
from string import Formatter
from typing import Any

import orjson
import pytest

from fraudstream.engine.step import Settings
from fraudstream.events.schema import OTHER_KINDS, PAYMENT_KINDS
from fraudstream.rules.ruleset import build_ruleset
from fraudstream.workbench.casefile.alerts import Origin
from fraudstream.workbench.casefile.at_hand import AtHand, Place
from fraudstream.workbench.casefile.evidence import Past
from fraudstream.workbench.casefile.page import page
from fraudstream.workbench.casefile.phrases_en import PHRASES
from fraudstream.workbench.casefile.schema import Evidence
from fraudstream.workbench.casefile.speaker import LANGUAGES
from fraudstream.workbench.casefile.time_line import read_events
from tests.unit.rule_files import event, rule_file, rule_files
from tests.unit.workbench.casefile.cases import (
    CHINESE,
    EXACT,
    MESSAGES,
    RULE,
    alert,
    codes,
    evidence_of,
    scored,
)
from tests.unit.workbench.histories import Given

READ = Past(read_events(["a", "b"], [Given(MESSAGES)], Settings()))


def test_a_rule_tells_its_condition_with_margins() -> None:
    """Each clause with its value, its threshold and how far they lie apart."""
    (rule,) = evidence_of(alert()).rules
    assert rule.condition is not None
    assert rule.condition.holds is True
    kind, count, either, gap = rule.condition.parts
    assert (kind.holds, kind.values) == (True, {"kind": "transfer"})
    assert count.margin is not None
    assert (count.margin.actual, count.margin.threshold, count.margin.difference) == ("2", "2", "+0")
    assert [each.holds for each in either.parts] == [False, True]
    assert either.parts[1].values == {"mean": "100.25 USD"}
    assert gap.margin is not None
    assert (gap.margin.actual, gap.margin.operator, gap.margin.difference) == ("1d 1h", "<", "-1d 23h")


def test_a_rule_tells_its_windows_texts_and_what_follows() -> None:
    """What features counted, what the file says, and for whom it is quiet now."""
    (rule,) = evidence_of(alert()).rules
    assert [(each.name, each.shown, each.value) for each in rule.windows] == [
        ("n", "2", 2),
        ("mean", "100.25 USD", "100.25"),
        ("gap", "1d 1h", "1d 1h"),
    ]
    assert rule.windows[0].meaning == "number of events, with the same debtor.id, within 1w"
    assert rule.suppression is not None
    assert rule.suppression.key == {"debtor.id": "c1"}
    assert rule.suppression.until == "2026-03-03T09:00:00Z"
    assert rule.texts is not None
    assert (rule.texts.rationale, rule.texts.owner) == ("Shows one thing", "tests")
    assert (rule.typology.text, rule.reason_code and rule.reason_code.text) == ("Any", "Anything")


def test_the_time_line_has_what_was_counted() -> None:
    """In order, with what the events were where history was read."""
    found = evidence_of(alert(), past=READ)
    assert [(each.event_id, each.before, each.counted_by, each.is_alerted) for each in found.time_line] == [
        ("a", "1d 1h", ["TST-ANY-001"], False),
        ("b", "0s", ["TST-ANY-001"], True),
    ]
    values = found.time_line[0].values
    assert values is not None
    assert {each.column: each.value for each in values}["amount"] == "120.50"
    assert codes(found) == ["no_origin", "untold"]


def test_without_history_there_are_only_ids() -> None:
    """It says how to get the rest, and what a history lacks."""
    found = evidence_of(alert(Origin("events", 3, 17)))
    assert (found.time_line[0].event_id, found.time_line[0].occurred_at) == ("a", None)
    assert codes(found) == ["no_history", "untold"]
    assert (found.source.topic, found.source.partition, found.source.offset) == ("events", 3, 17)
    short = evidence_of(alert(), past=Past({}, "Offsets 0 to 7 have left the topic."))
    text = "What 1 of the counted events were: they are not in what was read."
    assert short.cannot_tell[1].text == f"{text} Offsets 0 to 7 have left the topic."


def test_reading_ends_with_the_last_event() -> None:
    """And takes the first of a repeated id, as the engine does."""
    again = event("a", amount=7)
    events = read_events(["a"], [Given([MESSAGES[0], again, b"no JSON"], 1)], Settings())
    assert events["a"].values["amount"] == "120.50"


def test_another_ruleset_is_said_so() -> None:
    """Rules of the same version are told by it, others are not."""
    other = build_ruleset(rule_files(RULE, rule_file(rule_id="TST-NEW-001")))
    at_hand = AtHand((Place("archive", "s3://x"), Place("rules", "rules")), other, Place("rules", "rules"))
    found = evidence_of(alert(), at_hand)
    assert codes(found)[0] == "other_ruleset"
    assert f"by ruleset {other.version}. It was looked for beside the checkpoints (s3://x), in rules." in (
        found.cannot_tell[0].text
    )
    assert not found.versions.is_exact
    assert found.rules[0].condition is not None
    changed = build_ruleset(rule_files(RULE.replace(b"version: 1", b"version: 2")))
    found = evidence_of(alert(), AtHand((), changed, Place("rules", "rules")))
    assert codes(found)[:2] == ["other_ruleset", "rule_changed"]
    assert (found.rules[0].condition, found.rules[0].texts) == (None, None)


def test_without_any_ruleset_the_alert_speaks_for_itself() -> None:
    """Title, reason and figures are its own."""
    found = evidence_of(alert(), AtHand())
    assert codes(found)[0] == "no_ruleset"
    assert found.cannot_tell[0].text.endswith("nowhere: give --rules or --topology.")
    (rule,) = found.rules
    assert (rule.title, rule.condition, rule.windows) == ("A rule of a test", None, [])
    assert rule.reason == alert().content["rules"][0]["reason"]


def test_in_chinese() -> None:
    """The texts of the rule pack, the clauses that held, and our own words."""
    found = evidence_of(alert(), past=READ, language="zh")
    (rule,) = found.rules
    assert (found.headline, rule.typology.text) == ("测试规则", "任意")
    assert rule.reason == (
        "kind 为 transfer；n 为 2，不低于 least 2；mean 为 100.25 USD，高于 50.00 USD；gap 为 1d 1h，低于 3d"
    )
    assert rule.windows[2].meaning == "距上一事件的时间，debtor.id 相同"
    assert found.action is not None
    assert (found.action.text, found.severity.text) == ("暂缓", "高")
    assert found.event is not None
    assert found.event.kind.text == "转账"
    assert {"金额", "币种", "付款人"} == {each.name for each in found.event.values}


def test_what_has_no_chinese_text_is_named() -> None:
    """It is shown as the files have it."""
    old = build_ruleset(rule_files(RULE, **{"texts/zh.yml": CHINESE.replace(b"version: 1,", b"version: 9,")}))
    found = evidence_of(alert(), AtHand((), old, Place("rules", "rules"), is_exact=True), language="zh")
    assert found.rules[0].title == "A rule of a test"
    assert found.cannot_tell[-1].text.startswith("TST-ANY-001 的中文文本")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"shadow": True}, "shadow: nothing of this is done"),
        ({"late": True}, "late: it came after events that are later"),
        (
            {
                "warming": {
                    "missing": {"from": None, "to": "2026-03-01T00:00:00Z"},
                    "until": None,
                    "rules": ["TST-ANY-001"],
                    "features": [],
                }
            },
            "Events from the begin to 2026-03-01T00:00:00Z are missing, so that figures may be too low until "
            "never; of the rules told: TST-ANY-001",
        ),
        (
            {
                "warming": {
                    "missing": None,
                    "until": "2026-03-08T00:00:00Z",
                    "rules": ["TST-ANY-001"],
                    "features": [
                        {
                            "name": "TST-ANY-001.n",
                            "since": "2026-03-01T00:00:00Z",
                            "until": "2026-03-08T00:00:00Z",
                            "warm": 0.21,
                        }
                    ],
                }
            },
            "TST-ANY-001.n is new: it has counted what is dated after 2026-03-01T00:00:00Z, and sees all "
            "from 2026-03-08T00:00:00Z (21% so far)",
        ),
        (
            {
                "allowed_by": {
                    "column": "creditor.account",
                    "list": "tax",
                    "at_most": "review",
                    "reason": "Taxes",
                }
            },
            "creditor.account stands in the list tax, so that the action is review at most: Taxes",
        ),
    ],
)
def test_what_is_unusual_about_an_alert_stands_on_top(changes: dict[str, Any], text: str) -> None:
    """Before anything else is read."""
    written = page(evidence_of(alert(**changes)))
    assert text in written
    assert written.index(text) < written.index("TST-ANY-001 v1")


def test_the_page_needs_nothing_else() -> None:
    """No script, no address, nothing of the event taken for HTML, and the language for who reads it aloud."""
    evil = alert(event={**alert().content["event"], "purpose": "<script>alert(1)</script>"})
    for language, at_hand in (("en", EXACT), ("zh", EXACT), ("en", AtHand())):
        written = page(evidence_of(evil, at_hand, READ, language))
        assert written.startswith(f'<!doctype html><html lang="{language}">')
        assert "<script" not in written
        assert "http" not in written
    assert "&lt;script&gt;" in written


def test_the_json_keeps_its_shape() -> None:
    """Every part is there whatever the alert; the schema is written down."""
    path = Path(__file__).parents[4] / "docs" / "evidence.schema.json"
    assert orjson.loads(path.read_bytes()) == Evidence.model_json_schema()
    first, second = (evidence_of(each).as_json() for each in (alert(), scored()[0]))
    assert first.keys() == second.keys()
    assert first["schema"] == "fraudstream.evidence/v1"


def test_languages_say_the_same_things() -> None:
    """Each phrase with the same values in every language, and every word of ours in Chinese."""
    for catalogue in LANGUAGES.values():
        assert catalogue.PHRASES.keys() == PHRASES.keys()
        for name, phrase in catalogue.PHRASES.items():
            assert _values(phrase) == _values(PHRASES[name]), name
    assert LANGUAGES["zh"].WORDS["kind"].keys() == PAYMENT_KINDS | OTHER_KINDS
    declared = {column.name for column in Settings().schema.columns} - {"id", "kind", "occurred_at"}
    assert LANGUAGES["zh"].WORDS["column"].keys() == declared


def _values(phrase: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(phrase) if name}
