"""What a rule hits at every value of a parameter."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import pytest

from fraudstream.engine.step import Engine, Settings
from fraudstream.rules.ruleset import with_param
from fraudstream.workbench.answers import GENUINE, Answers, LabelFile, Several
from fraudstream.workbench.sources import SourceError
from fraudstream.workbench.thresholds import thresholds
from fraudstream.workbench.tune import Sampling, Tuning, entity_of, tune
from fraudstream.workbench.tune_page import page
from fraudstream.workbench.tune_report import tuning_json, write_below
from loadtest.traffic import generate
from tests.rulesets import small_model_ruleset
from tests.unit.rule_files import event, rule_file, ruleset_of

COUNT = "{n: {count: events, by: debtor.id, window: 7d}}"


def swept(
    *messages: bytes,
    text: str = "1:5:1",
    when: str = 'n >= p and kind == "transfer"',
    labels: Answers | None = None,
    sampling: Sampling | None = None,
    **parts: Any,
) -> Tuning:
    """Return the sweep of one rule whose parameter p is 3, over some messages."""
    parts = {"params": "{p: 3}", "features": COUNT, **parts}
    ruleset = ruleset_of(rule_file(when, **parts))
    rule = ruleset.rules[0]
    history = [messages[:2], messages[2:]] if messages else []
    return tune(ruleset, rule, thresholds(rule, "p", text), Settings(), history, labels, sampling)


def burst(payer: str, count: int, day: int = 2, **fields: Any) -> list[bytes]:
    """Return transfers of one payer within a minute, named by payer and place."""
    return [
        event(f"{payer}{place}", f"2026-03-{day:02}T08:00:{place:02}Z", debtor={"id": payer}, **fields)
        for place in range(1, count + 1)
    ]


def test_hits_entities_and_alerts_a_day() -> None:
    """Every value in one pass, also where a message is no event or comes twice."""
    once = event("a1", "2026-03-02T08:00:01Z", debtor={"id": "a"})
    found = swept(*burst("a", 4), b"x", once, *burst("b", 2), *burst("c", 1, day=3))
    values = tuning_json(found)["values"]
    assert [each["value"] for each in values] == ["1", "2", "3", "4", "5"]
    assert [each["hits"] for each in values] == [7, 4, 2, 1, 0]
    assert [each["entities"] for each in values] == [3, 2, 1, 1, 0]
    assert [each["alerts_a_day"] for each in values] == [3.5, 2.0, 1.0, 0.5, 0.0]


def test_precision_and_recall_where_labels_are_known() -> None:
    """Hits without a label count for neither; value recall weighs frauds by their worth in USD."""
    messages = [*burst("a", 4, amount=100), *burst("b", 1, currency="EUR", amount=160)]
    labels = LabelFile({"a2": False, "a3": True, "a4": True, "b1": True})
    values = tuning_json(swept(*messages, labels=labels))["values"]
    # 160 EUR are 200 USD at the rate of that day.
    assert [each["precision"] for each in values] == [3 / 4, 2 / 3, 1.0, 1.0, None]
    assert [each["recall"] for each in values] == [1.0, 2 / 3, 2 / 3, 1 / 3, 0.0]
    assert [each["value_recall"] for each in values] == [1.0, 0.5, 0.5, 0.25, 0.0]


def test_frauds_alone_give_no_precision() -> None:
    """Every labelled hit would be one, so the report says what is missing, unless all others are genuine."""
    messages = burst("a", 4)
    content = tuning_json(swept(*messages, labels=LabelFile({"a4": True})))
    assert [each["precision"] for each in content["values"]] == [None] * 5
    assert any("try --others-genuine" in note for note in content["notes"])
    content = tuning_json(swept(*messages, labels=Several([LabelFile({"a4": True})], GENUINE)))
    assert [each["precision"] for each in content["values"]] == [1 / 4, 1 / 3, 1 / 2, 1.0, None]
    content = tuning_json(swept(*messages, labels=LabelFile({"a4": False})))
    assert "no label calls an event fraud, so recall is not known" in content["notes"]


@pytest.mark.parametrize(
    ("budget", "labels", "suggested"),
    [
        (7.0, None, "1"),
        (4.0, None, "2"),
        (3.9, None, "3"),
        (0.0, None, "5"),
        (7.0, LabelFile({"a4": True, "b1": False}), "4"),
        (7.0, LabelFile({"a2": True, "b2": True}), "2"),
    ],
)
def test_a_suggestion_within_a_budget(budget: float, labels: Answers | None, suggested: str) -> None:
    """The most recall where frauds are known, else the most hits; never more than is needed for it."""
    content = tuning_json(swept(*burst("a", 4), *burst("b", 2), labels=labels), budget)
    assert content["suggested"] == suggested


def test_no_suggestion_where_all_are_over_the_budget() -> None:
    """And none where no budget is given."""
    found = swept(*burst("a", 5))
    assert found.suggested(0.5) is None
    assert tuning_json(found, 0.5)["suggested"] is tuning_json(found)["suggested"] is None


def test_weeks_begin_on_mondays() -> None:
    """Hits and precision of each week at the current and at the suggested value."""
    messages = [*burst("a", 3, day=8), *burst("a", 1, day=9)]
    labels = Several([LabelFile({"a3": True})], GENUINE)
    weeks = tuning_json(swept(*messages[:3], *burst("z", 1, day=9), labels=labels), 10)["weeks"]
    assert [(each["from"], each["events"]) for each in weeks] == [("2026-03-02", 3), ("2026-03-09", 1)]
    assert weeks[0]["current"] == {"hits": 1, "precision": 1.0, "recall": 1.0}
    assert weeks[1]["suggested"] == {"hits": 0, "precision": None, "recall": None}


def test_stray_days_do_not_thin_out_the_alerts_a_day() -> None:
    """One event of a clock that runs a year behind makes no day of history."""
    stray = event("s", "2025-03-02T08:00:00Z")
    messages = [event(f"m{place}", debtor={"id": "a"}) for place in range(400)]
    assert swept(stray, *messages).days == 1


def test_below_the_line_every_event_stands_in_its_band() -> None:
    """With the values that the rule read, nearest band first, and a column for the reviewer."""
    messages = [*burst("a", 2, amount=12.5), *burst("=b", 1)]
    found = swept(*messages, sampling=Sampling(5, seed=4))
    assert [(band.value, band.events, len(band.drawn)) for band in found.bands] == [(1, 1, 1), (0, 2, 2)]
    file = io.StringIO()
    assert write_below(file, found, Sampling(5, seed=4)) == 3
    rows = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert rows[0] == {
        "hits_at": "2",
        "band_events": "1",
        "seed": "4",
        "event_id": "a2",
        "occurred_at": "2026-03-02T08:00:02Z",
        "entity": "a",
        "amount": "12.50",
        "currency": "USD",
        "kind": "transfer",
        "n": "2",
        "label": "",
    }
    # A spreadsheet would run a cell that begins with an equals sign.
    assert {row["entity"] for row in rows[1:]} == {"a", "'=b"}


def test_samples_depend_on_the_seed_and_not_on_batches() -> None:
    """The same seed draws the same events, another seed others, and never more than were asked for."""
    messages = [event(f"m{place}", debtor={"id": f"d{place}"}) for place in range(60)]

    def drawn(*given: bytes, seed: int) -> set[str]:
        (band,) = swept(*given, sampling=Sampling(6, seed)).bands
        assert band.events == 60
        return {each.event_id for each in band.drawn}

    first = drawn(*messages, seed=1)
    assert len(first) == 6
    assert drawn(*messages[::-1], seed=1) == first != drawn(*messages, seed=2)


@pytest.mark.parametrize(
    ("parts", "entity"),
    [
        ({}, ("debtor.id",)),
        ({"features": "{}", "when": "amount_usd > p"}, ("debtor.id",)),
        ({"features": "{n: {count: events, by: creditor.id, for: card.id, window: 1h}}"}, ("card.id",)),
        (
            {
                "then": "{action: review, score: 1, reason_code: ANY,"
                " suppress: {by: [card.id, merchant.id], for: 1h}}"
            },
            ("card.id", "merchant.id"),
        ),
    ],
)
def test_whom_a_rule_is_about(parts: dict[str, str], entity: tuple[str, ...]) -> None:
    """Whom its alerts keep quiet for, else whom its first feature is read for, else the debtor."""
    parts = {"when": "n >= p", "features": COUNT, **parts}
    (rule,) = ruleset_of(rule_file(params="{p: 3}", **parts)).rules  # type: ignore[arg-type]
    assert entity_of(rule.spec) == entity


def test_history_without_an_event_is_refused() -> None:
    """There is nothing to count, and the files may need a map."""
    with pytest.raises(
        SourceError, match="no message of the history is an event: check the files, and --map"
    ):
        swept(b"x")


def test_a_draft_is_swept_as_if_it_ran() -> None:
    """An officer tunes a rule before anybody runs it."""
    assert swept(*burst("a", 2), status="draft", cases="[]").total.hits.tolist() == [2, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("rule_id", "param", "text"),
    [
        ("FRD-VEL-001", "payments_count_min", "4,8"),
        ("FRD-DEV-001", "transfer_usd_min", "1,500"),
        ("MOD-ANO-001", "score_min", "0.6,0.9"),
    ],
)
def test_shipped_rules_and_models_say_the_same_in_separate_runs(rule_id: str, param: str, text: str) -> None:
    """Also of a rule with bands, and of one that reads what a model has learned so far."""
    ruleset = small_model_ruleset()
    (rule,) = (each for each in ruleset.rules if each.id == rule_id)
    history = [generate(3_000).payloads]
    values = thresholds(rule, param, text)
    found = tune(ruleset, rule, values, Settings(), history)
    assert found.total.hits.any()
    for place, value in enumerate(values.values):
        changed = with_param(rule, param, value.data)
        rules = tuple(changed if each is rule else each for each in ruleset.rules)
        engine = Engine(replace(ruleset, rules=rules))
        outcomes = engine.step(history[0]).rule_outcomes[engine.rule_ids.index(rule_id)]
        assert outcomes[0] == found.total.hits[place]


def test_the_page_is_whole_in_itself() -> None:
    """Curves with the figures of each point, and nothing from elsewhere; texts are escaped."""
    labels = Several([LabelFile({"a4": True})], GENUINE)
    text = page(tuning_json(swept(*burst("a", 4), labels=labels), 2))
    assert text.count("<svg") == 2
    assert "<title>p 3: 2 hits, current</title>" in text
    assert "<title>p 3: 2 hits, suggested" not in text
    for tick in "12345":
        assert f'text-anchor="middle">{tick}</text>' in text
    assert "http" not in text
    assert "<script" not in text
    unlabelled = {**tuning_json(swept(*burst("a", 4))), "notes": ["<b>"]}
    assert page(unlabelled).count("<svg") == 1
    assert "<b>" not in page(unlabelled)
