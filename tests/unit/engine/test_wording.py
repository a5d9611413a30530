"""The reason of an alert: actual values beside the thresholds, word for word."""

from __future__ import annotations

from typing import Any

import pytest

from fraudstream.engine.wording import readable_duration
from tests.unit.rule_files import alerts_of, engine_of, event, rule_file

EVENT: dict[str, Any] = {
    "amount": "9100.00",
    "purpose": "gift card",
    "merchant": {"mcc": "5411"},
    "debtor": {"id": "c1", "country": "US"},
    "creditor": {"country": "GB"},
    "device": {"lat": 52.52, "lon": 13.405},
}


def said(when: str, params: str = "{}", features: str = "{}", **fields: Any) -> tuple[str, dict[str, Any]]:
    """Return reason and evidence of a rule that hits the second of two events."""
    engine = engine_of(rule_file(f"\n  {when}", params=params, features=features))
    engine.step([event("a", "2026-03-01T06:30:00Z", **{**EVENT, **fields})])
    (alert,) = alerts_of(engine, event("b", "2026-03-02T08:00:00Z", **{**EVENT, **fields}))
    (rule,) = alert["rules"]
    return rule["reason"], rule["evidence"]


FEATURES = (
    "{n: {count: events, by: debtor.id, window: 7d}, s: {sum: amount_usd, by: debtor.id, window: 7d},"
    " since: {time_since_last: events, by: debtor.id}, first: {first_seen: events, by: debtor.id},"
    " mean: {avg: amount_usd, by: debtor.id, window: 7d}, what: {last: purpose, by: debtor.id}}"
)


@pytest.mark.parametrize(
    ("when", "reason", "evidence"),
    [
        ("amount_usd > 100", "amount_usd 9,100.00 USD > 100", {"amount_usd": "9100.00"}),
        ("amount_usd > limit", "amount_usd 9,100.00 USD > limit 5000", {"amount_usd": "9100.00"}),
        (
            "floor <= amount_usd <= 10000",
            "floor 8000 <= amount_usd 9,100.00 USD; amount_usd 9,100.00 USD <= 10000",
            {"amount_usd": "9100.00"},
        ),
        (
            "amount_usd > s / 3",
            "amount_usd 9,100.00 USD > s / 3 6,066.67 USD",
            {"amount_usd": "9100.00", "s": "18200.00"},
        ),
        ("n >= 2 and s > 1", "n 2 >= 2; s 18,200.00 USD > 1", {"n": 2, "s": "18200.00"}),
        ("mean >= 9100", "mean 9,100.00 USD >= 9100", {"mean": "9100.00"}),
        ("since < 2d", "since 1d 1h < 2d", {"since": "1d 1h"}),
        (
            "first < occurred_at",
            "first 2026-03-01T06:30:00Z < occurred_at 2026-03-02T08:00:00Z",
            {"first": "2026-03-01T06:30:00Z", "occurred_at": "2026-03-02T08:00:00Z"},
        ),
        ('kind == "transfer"', "kind is transfer", {"kind": "transfer"}),
        ('merchant.mcc in ["5411", "5999"]', "merchant.mcc is 5411", {"merchant.mcc": "5411"}),
        ('what == "gift card"', "what is gift card", {"what": "gift card"}),
        ('kind != "loan"', 'kind != "loan"', {"kind": "transfer"}),
        (
            "debtor.country != creditor.country",
            "debtor.country != creditor.country",
            {"debtor.country": "US", "creditor.country": "GB"},
        ),
        ('contains(purpose, "card")', 'contains(purpose, "card") is true', {"purpose": "gift card"}),
        ("platform.id is null", "platform.id is null", {"platform.id": None}),
        ('not (kind == "loan")', 'not (kind == "loan")', {"kind": "transfer"}),
        ("hour(occurred_at) < 9", "hour(occurred_at) 8 < 9", {"occurred_at": "2026-03-02T08:00:00Z"}),
        (
            "hour(occurred_at) in [8, 9]",
            "hour(occurred_at) 8 in [8, 9]",
            {"occurred_at": "2026-03-02T08:00:00Z"},
        ),
        ("device.lat > 52.5", "device.lat 52.52 > 52.5", {"device.lat": 52.52}),
        ("amount_usd % 1000 == 100", "amount_usd % 1000 100.00 USD == 100", {"amount_usd": "9100.00"}),
    ],
)
def test_each_kind_of_clause_is_put_into_words(when: str, reason: str, evidence: dict[str, Any]) -> None:
    """Amounts with their currency, counts with thousands, spans in two units, times in UTC."""
    assert said(when, "{limit: 5000, floor: 8000}", FEATURES) == (reason, evidence)


@pytest.mark.parametrize(
    ("amount", "currency", "reason"),
    [
        (9_100, "JPY", "amount 9,100 JPY > 1"),
        ("9.125", "KWD", "amount 9.125 KWD > 1"),
        (5, "EUR", "amount 5.00 EUR > 1"),
    ],
)
def test_an_amount_is_shown_in_its_own_currency(amount: Any, currency: str, reason: str) -> None:
    """With the decimals that the currency has."""
    assert said("amount > 1", amount=amount, currency=currency)[0] == reason


def test_only_the_true_clauses_are_reasons() -> None:
    """Of alternatives those that hold are told, of all the values are evidence."""
    reason, evidence = said("amount_usd > 100 or purpose is null or n > 50 or n >= 2", features=FEATURES)
    assert reason == "amount_usd 9,100.00 USD > 100; n 2 >= 2"
    assert evidence == {"amount_usd": "9100.00", "purpose": "gift card", "n": 2}


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [
        (0, "0s"),
        (1_500, "1.5ms"),
        (61_000_000, "1m 1s"),
        (90_061_000_000, "1d 1h"),
        (-60_000_000, "-1m"),
        (86_400_000_000, "1d"),
    ],
)
def test_durations_are_shown_in_two_units(microseconds: int, text: str) -> None:
    """Enough to judge by, no more."""
    assert readable_duration(microseconds) == text
