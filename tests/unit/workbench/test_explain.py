"""What a rule says of one event, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudstream.engine.step import Settings
from fraudstream.workbench.explain import Explanation, explain, read_event
from fraudstream.workbench.sources import SourceError
from tests.unit.rule_files import event, rule_file, ruleset_of

FEATURES = "{n: {count: events, by: debtor.id, window: 1h}, m: {last: amount_usd, by: debtor.id}}"


def explained(when: str, *events: bytes, params: str = "{}", **parts: str) -> Explanation:
    """Return the explanation of one rule at the last of some events."""
    ruleset = ruleset_of(rule_file(when, params=params, features=FEATURES, **parts))  # type: ignore[arg-type]
    *history, last = events
    return explain(ruleset, ruleset.rules[0], Settings(), [history] if history else [], last)


def test_a_hit_shows_every_part_with_its_value() -> None:
    """Conditions with their outcome, names with their values, parameters and what features count."""
    first, second = event("a", "2026-03-02T07:30:00Z"), event("b", amount="250.50")
    found = explained(
        'amount_usd > limit_usd and n >= 2 and kind == "transfer"', first, second, params="{limit_usd: 100}"
    )
    assert (found.outcome, found.event_id, found.occurred_at) == ("hit", "b", "2026-03-02T08:00:00Z")
    assert found.counted == ("b", "a")
    assert found.as_json()["condition"] == {
        "expression": '(amount_usd > limit_usd) and (n >= 2) and (kind == "transfer")',
        "outcome": True,
        "operands": [
            {
                "expression": "amount_usd > limit_usd",
                "outcome": True,
                "margin": {
                    "actual_name": "amount_usd",
                    "actual": "250.50 USD",
                    "operator": ">",
                    "threshold_name": "limit_usd",
                    "threshold": "100.00 USD",
                    "difference": "+150.50 USD",
                    "ratio": 2.505,
                },
                "operands": [
                    {"expression": "amount_usd", "value": "250.50"},
                    {"expression": "limit_usd", "value": 100, "note": "parameter"},
                ],
            },
            {
                "expression": "n >= 2",
                "outcome": True,
                "margin": {
                    "actual_name": "n",
                    "actual": "2",
                    "operator": ">=",
                    "threshold_name": None,
                    "threshold": "2",
                    "difference": "+0",
                    "ratio": 1.0,
                },
                "operands": [{"expression": "n", "value": 2, "note": "count: events by debtor.id in 1h"}],
            },
            {
                "expression": 'kind == "transfer"',
                "outcome": True,
                "operands": [{"expression": "kind", "value": "transfer"}],
            },
        ],
    }


@pytest.mark.parametrize(
    ("who", "note"),
    [
        ({"id": "c7"}, "the rule is live here: debtor.id is in bucket 4, live are those below 10"),
        (
            {"id": "c1"},
            "the rule is shadow here: debtor.id is in bucket 64, live are those below 10",
        ),
        (None, "the rule is shadow here: it is rolled out by debtor.id, which the event lacks"),
    ],
)
def test_a_rollout_says_for_whom_it_is_live(who: dict[str, str] | None, note: str) -> None:
    """By the entity of the event that is explained."""
    extra = "rollout: {percent: 10, by: debtor.id}\n"
    assert explained("amount_usd > 0", event("b", debtor=who), extra=extra).note == note


def test_a_miss_shows_which_clause_failed() -> None:
    """The tree is there whatever the outcome."""
    found = explained("amount_usd > 100 or n >= 2", event("b"))
    assert found.outcome == "miss"
    assert [(each.text, each.value) for each in found.tree.operands] == [
        ("amount_usd > 100", False),
        ("n >= 2", False),
    ]


@pytest.mark.parametrize(
    ("when", "margin"),
    [
        ("150 < amount_usd", ("250.50 USD", ">", "150.00 USD", "+100.50 USD", 1.67)),
        ("amount > 1000", ("250.50 USD", ">", "1,000.00 USD", "-749.50 USD", 0.2505)),
        ("amount_eur >= 100 EUR", ("200.40 EUR", ">=", "100.00 EUR", "+100.40 EUR", 2.004)),
        ("n * 2 <= amount_usd", ("2", "<=", "250.50 USD", None, None)),
        ("gap < 1d", ("30m", "<", "1d", "-23h 30m", 0.0208)),
        ("device.lat > 1", None),
        ('kind == "transfer"', None),
    ],
)
def test_a_margin_says_how_far_a_number_lies_from_its_threshold(
    when: str, margin: tuple[str | float | None, ...] | None
) -> None:
    """In the unit of the amounts, the threshold behind the operator, whatever the order of the file."""
    features = f"{FEATURES[:-1]}, gap: {{time_since_last: events, by: debtor.id}}}}"
    first, second = event("a", "2026-03-02T07:30:00Z"), event("b", amount="250.50")
    ruleset = ruleset_of(rule_file(f"'{when}'", features=features))
    found = explain(ruleset, ruleset.rules[0], Settings(), [[first]], second).tree.margin
    if margin is None:
        assert found is None
    elif margin[3] is None:
        assert found is not None
        assert (found.actual, found.threshold) == ("4.00 USD", "250.50 USD")
    else:
        assert found is not None
        assert (found.actual, found.operator, found.threshold, found.difference, found.ratio) == margin


def test_what_is_missing_is_named() -> None:
    """Of a rule that could not be evaluated: the innermost names without a value, each once."""
    found = explained("amount_usd / m > 2 and m < 9 and device.lat > 0", event("b"))
    assert found.outcome == "not_evaluated"
    assert found.missing == ("m", "device.lat")
    assert found.tree.value is None


@pytest.mark.parametrize(
    ("parts", "outcome", "note"),
    [
        (
            {"extra": "effective: {to: 2026-03-02}\n"},
            "miss",
            "the event lies outside the rule's days, from ever to 2026-03-02",
        ),
        ({"status": "retired"}, "hit", "the rule is retired, and is not evaluated in production"),
        ({}, "hit", None),
    ],
)
def test_what_the_condition_does_not_say_is_noted(
    parts: dict[str, str], outcome: str, note: str | None
) -> None:
    """Days and statuses decide before the condition does."""
    found = explained("n >= 1", event("b"), **parts)
    assert (found.outcome, found.note) == (outcome, note)


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([b"{}"], "the event is no valid event ("),
        ([event("b"), event("b")], "the event's id stands in the history: take it out there"),
    ],
)
def test_an_event_that_cannot_be_judged_is_told(events: list[bytes], message: str) -> None:
    """There is nothing to explain; the reason is the decoder's."""
    with pytest.raises(SourceError) as caught:
        explained("n >= 1", *events)
    assert str(caught.value).startswith(message)


def test_a_file_holds_one_event(tmp_path: Path) -> None:
    """Written over as many lines as one likes; two events are refused."""
    path = tmp_path / "e.json"
    path.write_bytes(b'{\n "id": "a"\n}\n')
    assert read_event(path) == b'{"id":"a"}'
    path.write_bytes(b"{}\n{}\n")
    with pytest.raises(
        SourceError, match=r"is no JSON of one event .*: give one event, and those before it by"
    ):
        read_event(path)
    with pytest.raises(SourceError, match=r"cannot be read \(No such file or directory\): check the path"):
        read_event(tmp_path / "none.json")
