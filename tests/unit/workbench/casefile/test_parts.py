"""Typologies, models, summaries and rounded figures in the evidence of an alert."""

from __future__ import annotations

from fraudstream.rules.ruleset import build_ruleset
from fraudstream.workbench.casefile.alerts import FoundAlert
from fraudstream.workbench.casefile.at_hand import AtHand, Place
from fraudstream.workbench.casefile.page import page
from fraudstream.workbench.casefile.time_line import counted_by
from tests.unit.rule_files import event, rule_file, rule_files
from tests.unit.workbench.casefile.cases import FEATURES, codes, evidence_of, scored, told


def test_typologies_and_models_are_told() -> None:
    """Which rules added up, and what raised the score; what is usual where the file says so."""
    found = evidence_of(*scored())
    (typology,) = found.typologies
    assert (typology.title, typology.score, typology.band, typology.reason) == ("Any", 60, "50-", "Two signs")
    assert [(each.rule, each.weight, each.event_id) for each in typology.rules] == [
        ("TST-ANY-001", 30, "z"),
        ("TST-ANY-002", 30, "z"),
    ]
    (model,) = found.models
    assert (model.title, model.kind) == ("Amounts", "loda")
    assert "amount (high: 99.00, usually up to 198.00)" in [each.text for each in model.raised_by]
    assert {"no_usual", "learned"} <= set(codes(found))


def test_rounded_figures_are_said_to_be_rounded() -> None:
    """A duration of an alert has two units: a clause may seem to fail that has held."""
    rule = rule_file("gap >= 30 * 1h + 20m", features=FEATURES, cases="[]")
    ruleset = build_ruleset(rule_files(rule))
    messages = [event("a", "2026-03-01T08:00:00Z"), event("b", "2026-03-02T14:30:00Z")]
    (content,) = told(ruleset, messages)
    at_hand = AtHand((), ruleset, Place("rules", "rules"), is_exact=True)
    found = evidence_of(FoundAlert(content, "here", None), at_hand)
    assert "rounded" in codes(found)


def test_a_summary_is_told_too() -> None:
    """Of hits that were held back: how many, and whose."""
    limited = "{action: review, score: 10, reason_code: ANY, alerts_per_hour_max: 1}"
    ruleset = build_ruleset(rule_files(rule_file("amount_usd >= 1", then=limited, cases="[]")))
    messages = [event(f"e{n}", f"2026-03-02T08:0{n}:00Z") for n in range(4)]
    alerts = told(ruleset, [*messages, event("z", "2026-03-02T10:00:00Z")])
    summary = next(each for each in alerts if "event" not in each)
    at_hand = AtHand((), ruleset, Place("rules", "rules"), is_exact=True)
    found = evidence_of(FoundAlert(summary, "here", None), at_hand)
    assert found.headline == "Held back: A rule of a test"
    assert found.rules[0].reason == (
        "From 2026-03-02T08:00:00Z to 2026-03-02T09:00:00Z 1 alerts were told, and 3 more hits held back."
    )
    assert (found.event, found.action, found.time_line) == (None, None, [])
    assert "debtor.id c1: 3 held back" in page(found)


def test_what_counted_an_event() -> None:
    """Rules by their contributing events, typologies by those that earned a weight."""
    found = counted_by(scored()[0].content)
    assert found["z"] == ["any"]
