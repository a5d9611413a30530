"""An alert shows what raised a score beside what is usual for the entity, and nothing else pays for it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraudstream.engine.alert_schema import MESSAGES
from fraudstream.engine.step import Engine
from fraudstream.rules.linked import Linked
from fraudstream.rules.ruleset import Ruleset, build_ruleset
from tests.unit.rule_files import event, rule_file, rule_files

WINDOWS = """windows:
  mean_30d: {avg: amount_usd, by: debtor.id, window: 30d, include_current: false}
  std_30d: {stddev: amount_usd, by: debtor.id, window: 30d, include_current: false}
  since: {time_since_last: events, by: debtor.id}
"""
HABIT = "usual: {value: amount_usd, low: mean_30d - 2 * std_30d, high: mean_30d + 2 * std_30d}"
TO_MEAN = f"to_mean: {{expr: log1p(amount_usd / (mean_30d + 1)), missing: 0, {HABIT}}}"
LARGE = rule_file('amount_usd >= 500 and (score("unusual") >= 0 or amount_usd > 0)', cases="[]")
WARM = 300


def model_file(features: str, windows: str = WINDOWS) -> bytes:
    """Return a model file that is soon warm."""
    return f"""schema: fraudstream.model/v1
id: unusual
title: Amounts
{windows}features: {{{features}}}
estimator: {{kind: loda}}
warm_up: 50
seed: 1
""".encode()


def ruleset(features: str = TO_MEAN, windows: str = WINDOWS) -> Ruleset:
    """Return a ruleset of a rule that tells of large amounts and names the model."""
    return build_ruleset(rule_files(LARGE, **{"models/unusual.yml": model_file(features, windows)}))


@cache
def history() -> tuple[bytes, ...]:
    """Return small payments of many customers, and of c1 the amounts 10, 20, 30 over and over."""
    random = np.random.default_rng(1)
    times = [f"2026-03-02T{number // 60:02}:{number % 60:02}:00Z" for number in range(WARM)]
    own = [event(f"o{number}", at, amount=10 + 10 * (number % 3)) for number, at in enumerate(times)]
    others = [
        event(f"e{number}", at, amount=int(random.integers(1, 100)), debtor={"id": f"d{number % 20}"})
        for number, at in enumerate(times)
    ]
    return tuple(each for pair in zip(own, others, strict=True) for each in pair)


def warm(features: str = TO_MEAN) -> Engine:
    """Return an engine whose model is ready."""
    engine = Engine(ruleset(features))
    assert engine.step(history()).alerts == []
    return engine


def large(identity: str = "x", customer: str = "c1", **fields: Any) -> bytes:
    """Return a payment that is told, an hour after the history."""
    return event(identity, "2026-03-02T06:00:00Z", **{"amount": 950, "debtor": {"id": customer}, **fields})


def told(engine: Engine, *events: bytes) -> dict[str, Any]:
    """Return the contributions of the last event by feature, and the reason as `reason`."""
    alerts = engine.step(events).alerts
    MESSAGES.validate_json(alerts[-1].value)
    alert = orjson.loads(alerts[-1].value)
    return {
        "reason": alert["rules"][0]["reason"],
        **{each["feature"]: each for model in alert["models"] for each in model["contributions"]},
    }


def test_the_customers_own_range_stands_beside_the_amount() -> None:
    """Amounts of 10, 20 and 30 have the mean 20 and, 300 of them, the deviation 8.18."""
    found = told(warm(), large())
    assert found["to_mean"]["usual"] == {"value": "950.00", "low": "3.64", "high": "36.36"}
    assert found["to_mean"]["direction"] == "high"
    assert found["reason"].endswith(
        "; score raised by to_mean (high: 950.00 USD, usually 3.64 USD to 36.36 USD)"
    )


def test_a_range_that_is_not_known_yet_is_null() -> None:
    """The first payment of a customer has no mean, the second no deviation."""
    engine = warm("amount: {expr: log1p(amount_usd), usual: {value: amount_usd, high: mean_30d + std_30d}}")
    found = told(engine, large("x", "new"))
    assert found["amount"]["usual"] == {"value": "950.00", "low": None, "high": None}
    assert found["reason"].endswith("; score raised by amount (high: 950.00 USD)")
    assert told(engine, large("y", "new"))["amount"]["usual"]["high"] is None
    found = told(engine, large("z", "new"))
    assert found["amount"]["usual"] == {"value": "950.00", "low": None, "high": "950.00"}
    assert found["reason"].endswith("; score raised by amount (high: 950.00 USD, usually up to 950.00 USD)")


def test_a_feature_without_it_says_null() -> None:
    """Its direction is told as before."""
    found = told(warm("amount: log1p(amount_usd)"), large())
    assert found["amount"]["usual"] is None
    assert found["reason"].endswith("; score raised by amount (high)")


def test_an_amount_without_a_rate_is_null_beside_what_is_usual() -> None:
    """Neither the input nor what is shown of it has a value."""
    features = "amount: {expr: log1p(amount_usd), missing: 99, usual: {value: amount_usd, high: mean_30d}}"
    rule = rule_file('currency == "CHF" and (score("unusual") >= 0 or amount > 0)', cases="[]")
    engine = Engine(build_ruleset(rule_files(rule, **{"models/unusual.yml": model_file(features)})))
    engine.step(history())
    found = told(engine, large(currency="CHF"))
    assert found["amount"]["direction"] == "missing"
    assert found["amount"]["usual"] == {"value": None, "low": None, "high": "20.00"}
    assert found["reason"].endswith("; score raised by amount (missing, usually up to 20.00 USD)")


def test_what_is_missing_is_not_said_to_be_the_value_beside_it() -> None:
    """Of a new customer the amount is known, and the input is not, which was the reason."""
    usual = "usual: {value: amount_usd, high: mean_30d}"
    found = told(
        warm(f"to_mean: {{expr: log1p(amount_usd / mean_30d), missing: 99, {usual}}}"), large("x", "new")
    )
    assert found["to_mean"]["usual"]["value"] == "950.00"
    assert found["reason"].endswith("; score raised by to_mean (missing)")


@pytest.mark.parametrize(
    ("usual", "plain", "words"),
    [
        ("{value: since, low: 1s, high: 1h}", ["1h 1m", "1s", "1h"], "1h 1m, usually 1s to 1h"),
        (
            "{value: amount, high: amount / 2}",
            ["950.00", None, "475.00"],
            "950.00 USD, usually up to 475.00 USD",
        ),
        ('{value: hour(occurred_at), low: "8"}', [6, 8, None], "6, usually from 8"),
        ('{low: "0.5", high: "1.5"}', [6.857514, 0.5, 1.5], "6.8575, usually 0.5 to 1.5"),
    ],
)
def test_each_kind_of_value_is_written_as_in_evidence(usual: str, plain: list[Any], words: str) -> None:
    """Amounts and durations are texts, numbers are numbers; the reason has their units."""
    found = told(warm(f"amount: {{expr: log1p(amount_usd), usual: {usual}}}"), large())
    assert list(found["amount"]["usual"].values()) == plain
    assert found["reason"].endswith(f"score raised by amount (high: {words})")


def test_a_batch_without_an_alert_computes_none_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """One with alerts computes it once for all of them, and for no other event."""
    engine = warm()
    asked: list[int] = []
    whole = Linked.all_registers

    def counted(linked: Linked, inputs: Any) -> Any:
        if linked is engine._stages.models._usual._linked:
            asked.append(len(inputs.time_us))
        return whole(linked, inputs)

    monkeypatch.setattr(Linked, "all_registers", counted)
    engine.step([event(f"s{number}", "2026-03-02T06:00:00Z", amount=25) for number in range(5)])
    assert asked == []
    engine.step([large("x"), event("y", "2026-03-02T06:00:00Z"), large("z")])
    assert asked == [2]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 29), max_size=5, unique=True).map(sorted))
def test_where_the_stream_is_cut_changes_no_byte(cuts: Sequence[int]) -> None:
    """Each alert shows the past of its own event, whatever came in the same batch."""
    messages = [large(f"x{number}", f"d{number % 4}", amount=400 + 10 * number) for number in range(30)]
    engine = warm()
    bounds = [0, *cuts, len(messages)]
    parts = [messages[start:end] for start, end in pairwise(bounds)]
    assert [alert.value for part in parts for alert in engine.step(part).alerts] == in_one(tuple(messages))


@cache
def in_one(messages: tuple[bytes, ...]) -> list[bytes]:
    """Return the alerts of one batch."""
    alerts = [alert.value for alert in warm().step(messages).alerts]
    assert len({str(orjson.loads(each)["models"]) for each in alerts}) == len(alerts) == 20
    return alerts


def test_a_reload_that_only_changes_what_is_usual_keeps_what_was_learned() -> None:
    """So does one that adds a window which nothing else reads; another input begins anew."""
    engine = warm("amount: log1p(amount_usd)")

    def scored_after(features: str, windows: str = WINDOWS) -> int:
        engine.reload(engine.prepare(ruleset(features, windows)))
        return engine.reports()[0].events

    added = WINDOWS + "  most: {max: amount_usd, by: debtor.id, window: 7d}\n"
    assert scored_after(f"amount: {{expr: log1p(amount_usd), {HABIT}}}") == 2 * WARM
    assert scored_after(
        "amount: {expr: log1p(amount_usd), usual: {value: amount_usd, high: most}}", added
    ) == (2 * WARM)
    assert scored_after(TO_MEAN) == 0


def test_a_window_that_the_model_reads_counts() -> None:
    """Where it changes, what was learned is of another input."""
    engine = warm()
    other = WINDOWS.replace("{avg: amount_usd, by: debtor.id", "{avg: amount_usd, by: card.id")
    engine.reload(engine.prepare(ruleset(TO_MEAN, other)))
    assert engine.reports()[0].events == 0


def test_inputs_in_another_order_begin_anew() -> None:
    """What was learned lies in the order of the inputs."""
    one, other = "amount: log1p(amount_usd)", "root: log1p(log1p(amount_usd))"
    engine = warm(f"{one}, {other}")
    engine.reload(engine.prepare(ruleset(f"{other}, {one}")))
    assert engine.reports()[0].events == 0
