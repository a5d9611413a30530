"""What expressions give, and what the compiler refuses and why."""

from __future__ import annotations

from typing import Any

import pytest

from fraudstream.engine.step import Engine, Settings
from fraudstream.features.catalogue import Limits
from fraudstream.rules.errors import RulesetError
from tests.unit.rule_files import (
    WHEN_LINE,
    alerts_of,
    engine_of,
    event,
    lint_messages,
    outcomes,
    rule_file,
    ruleset_of,
)

TIMES = ["2026-03-02T08:00:00Z", "2026-03-08T23:59:59Z"]
"""A Monday morning and the last second of the Sunday after."""


def holds(when: str, params: str = "{}", features: str = "{}", **fields: Any) -> bool:
    """Tell whether a condition is true of one event."""
    return (
        outcomes(engine_of(rule_file(f"'{when}'", params=params, features=features)), event("e", **fields))[0]
        == 1
    )


@pytest.mark.parametrize(
    ("when", "amount", "currency"),
    [
        ("amount_usd == 0.1", "0.1", "USD"),
        ("amount_usd == 9100", "9100.00", "USD"),
        ("amount_usd > 9099.99", "9100", "USD"),
        ("amount_usd == 25", 5_000, "JPY"),
        ("amount_jpy == 5000", 5_000, "JPY"),
        ("amount_kwd == 1.234", "1.234", "KWD"),
        ("amount_usd == 12.5", 10, "EUR"),
        ("amount == 5000", 5_000, "JPY"),
        ("amount == 1.234", "1.234", "KWD"),
        ("amount_usd % 1000 == 0", 9_000, "USD"),
        ("amount_usd % 1000 == 0.01", "9000.01", "USD"),
        ("amount_usd / 4 == 2.5", 10, "USD"),
        ("amount_usd * 3 == 30", 10, "USD"),
        ("2 * amount_usd - 5 == 15", 10, "USD"),
        ("amount_usd / amount_usd == 1", 10, "USD"),
        ("abs(amount_usd - 12) == 2", 10, "USD"),
        ("abs(amount - 12) == 2", 10, "JPY"),
        ("least(amount_usd, 3) == 3 and greatest(amount_usd, 3) == 10", 10, "USD"),
        ("amount_usd in [5, 10]", 10, "USD"),
        ("-amount_usd < -9.99", 10, "USD"),
    ],
)
def test_money_meets_plain_numbers_in_major_units(when: str, amount: Any, currency: str) -> None:
    """A rule says 9100 and 0.1, whatever the exponent of the currency."""
    assert holds(when, amount=amount, currency=currency)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("hour(occurred_at)", [8, 23]),
        ("weekday(occurred_at)", [1, 7]),
    ],
)
def test_the_clock_of_an_event_is_utc(when: str, expected: list[int]) -> None:
    """Monday is 1, Sunday 7."""
    for at, value in zip(TIMES, expected, strict=True):
        assert outcomes(engine_of(rule_file(f"{when} == {value}")), event("e", at)) == (1, 0, 0)


def test_distance_follows_the_great_circle() -> None:
    """From Berlin to Beijing it is 7,356 km, from a place to itself nothing."""
    berlin: dict[str, Any] = {"device": {"lat": 52.52, "lon": 13.405}}
    assert holds("7350 < distance_km(device.lat, device.lon, 39.9042, 116.4074) < 7362", **berlin)
    assert holds("distance_km(device.lat, device.lon, device.lat, device.lon) == 0", **berlin)


@pytest.mark.parametrize(
    ("when", "purpose", "expected"),
    [
        ('contains(purpose, "GIFT card")', "two gift Cards", True),
        ('contains(purpose, "straße")', "HAUPTSTRASSE 5", True),
        ('starts_with(purpose, "inv")', "Invoice 7", True),
        ('starts_with(purpose, "voice")', "Invoice 7", False),
        ('purpose == "rent"', "Rent", False),
        ('purpose in ["rent", "food"]', "food", True),
        ('purpose not in ["rent", "food"]', "fuel", True),
    ],
)
def test_text_tests(when: str, purpose: str, expected: bool) -> None:
    """Capitals do not count in contains and starts_with, in equality they do."""
    assert holds(when, purpose=purpose) is expected


def test_texts_of_two_columns_are_compared() -> None:
    """Columns compare with each other, not only with constants."""
    when = "debtor.country != creditor.country"
    assert holds(when, debtor={"country": "US"}, creditor={"country": "GB"})
    assert not holds(when, debtor={"country": "US"}, creditor={"country": "US"})


def test_durations_compare_and_divide() -> None:
    """A span over a span is a number; a time minus a time is a span."""
    features = "{first: {first_seen: events, by: debtor.id}}"
    assert holds("occurred_at - first < 1s and (90m / 1h) == 1.5 and 2 * 12h == 1d", features=features)


@pytest.mark.parametrize(
    ("params", "when"),
    [
        ("{limit: 5}", "amount_usd == limit"),
        ("{limit: 5.0}", "amount_usd == limit"),
        ("{span: 90m}", "span == 5400s"),
        ("{word: rent}", "purpose == word"),
        ("{words: [food, rent]}", "purpose in words"),
        ("{hours: [8, 9]}", "hour(occurred_at) in hours"),
        ("{one: rent}", 'purpose in ["food", one]'),
        ("{strict: true}", "strict"),
        ('{code: "5411"}', "merchant.mcc == code"),
        ("{country: NO}", "merchant.country == country"),
    ],
)
def test_parameters_are_put_in_by_their_type(params: str, when: str) -> None:
    """Numbers, durations, texts, lists and flags; Norway is a text."""
    fields: dict[str, Any] = {"amount": 5, "purpose": "rent", "merchant": {"mcc": "5411", "country": "NO"}}
    assert holds(when, params=params, **fields)


REFUSED = [
    ("amont_usd > 5", 0, "amont_usd is unknown: did you mean amount_usd?"),
    ("zzz > 5", 0, "zzz is unknown: use a column, a feature or a parameter of this rule"),
    ("amount_usd", 0, "amount_usd is money in USD, not a condition: compare it with something"),
    (
        "amount_usd > 5 and debtor.id",
        19,
        "debtor.id is a text, not a condition: compare it with something",
    ),
    ("amount_usd > debtor.id", 11, "cannot compare money in USD with a text in amount_usd > debtor.id"),
    (
        "amount > amount_usd",
        7,
        "cannot compare money in the event's own currency with money in USD in amount > amount_usd",
    ),
    ("occurred_at > 5", 12, "cannot compare a time with a number in occurred_at > 5"),
    ("1h > 3600", 3, "cannot compare a duration with a number in 1h > 3600"),
    ('debtor.id < "c"', 10, "a text has no order: use == or !="),
    ("purpose == null", 8, "nothing compares with null: write `is null` or `is not null`"),
    ("(amount_usd > 5) == true", 17, "conditions are not compared: use and, or, not"),
    ("(amount_usd > 5) is null", 17, "a condition is not null: ask its columns instead"),
    (
        "amount_usd * amount_usd > 5",
        11,
        "cannot compute money in USD * money in USD in amount_usd * amount_usd",
    ),
    ("amount_usd + 1h > 5", 11, "cannot compute money in USD + a duration in amount_usd + 1h"),
    (
        "amount_usd + amount_eur > 5",
        11,
        "cannot compute money in USD + money in EUR in amount_usd + amount_eur",
    ),
    ("5 / amount_usd > 5", 2, "cannot compute a number / money in USD in 5 / amount_usd"),
    ('-debtor.id == "x"', 0, "cannot negate a text"),
    ('kind == "tranfer"', 8, 'kind is never "tranfer": did you mean transfer?'),
    (
        'kind != "loan" and "ok" == status',
        19,
        'status is never "ok": known are approved, declined, failed, reversed',
    ),
    (
        'channel in ["pos", "shop"]',
        19,
        'channel is never "shop": known are api, atm, branch, ecommerce, mobile, pos',
    ),
    ("debtor.id in creditor.id", 10, '`in` takes a list such as ["US", "GB"]'),
    ("debtor.id in []", 10, '`in` takes a list such as ["US", "GB"]'),
    ('debtor.id == ["US"]', 13, "a list stands only to the right of in"),
    ("sqrt(amount_usd) > 5", 0, "there is no function sqrt: known are "),
    ("hours(occurred_at) > 5", 0, "there is no function hours: did you mean hour?"),
    ("hour(amount_usd) > 5", 0, "hour takes (a time)"),
    ("least(1) > 5", 0, "least takes (a number, a number)"),
    ("contains(purpose, 5)", 0, 'contains takes a text column and a "text"'),
    ('contains(amount_usd, "x")', 0, 'contains takes a text column and a "text"'),
    ('score("anomaly") > 0.9', 0, "score takes the id of a model as text; models: none"),
    ("score(anomaly) > 0.9", 0, "score takes the id of a model as text; models: none"),
]


@pytest.mark.parametrize(("when", "position", "message"), REFUSED, ids=[when for when, *_ in REFUSED])
def test_what_cannot_be_computed_is_refused_where_it_stands(when: str, position: int, message: str) -> None:
    """Lint names file, line, column and remedy of an expression that makes no sense."""
    (problem,) = lint_messages(rule_file(f"\n  {when}"))
    assert problem.startswith(f"x/0.yml:{WHEN_LINE + 1}:{position + 3}: {message}")


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        (
            "{sum: amount, by: debtor.id, window: 1d}",
            "amount mixes currencies: use a converted amount such as",
        ),
        ("{sum: amount_us, by: debtor.id, window: 1d}", "amount_us is unknown: did you mean amount_usd?"),
        ("{max: purpose, by: debtor.id, window: 1d}", "purpose is a text, and has no max: use a number or a"),
        (
            "{count: events, by: debtor.idd, window: 1d}",
            "debtor.idd is no text column: did you mean debtor.id?",
        ),
        (
            "{count: events, by: device.lat, window: 1d}",
            "device.lat is no text column: did you mean device.lat?",
        ),
        (
            "{count: events, by: debtor.id, for: x.y, window: 1d}",
            "x.y is no text column: use a column, a feature or a parameter of this rule",
        ),
        (
            "{count: events, where: amount_usd, by: debtor.id, window: 1d}",
            "amount_usd is money in USD, not a",
        ),
        (
            "{median: amount_usd, by: debtor.id, window: 36d}",
            "median needs an exact window: let window and offset reach back 5w at most",
        ),
        (
            "{distinct: card.id, by: debtor.id, window: 35d, offset: 1d}",
            "distinct with an offset needs an exact window: let window and offset reach back 5w at most",
        ),
        ("{count: events, where: kin == 1, by: debtor.id, window: 1d}", "kin is unknown: did you mean kind?"),
        ("{count: events, where: other > 1, by: debtor.id, window: 1d}", "other is unknown: use a column"),
    ],
)
def test_a_feature_that_means_nothing_is_refused(feature: str, message: str) -> None:
    """What is counted, by whom, and which events: each is checked; no feature rests on another."""
    rule = rule_file("n >= 1 and other >= 1", features=f"{{other: {OTHER}, n: {feature}}}")
    problems = lint_messages(rule)
    assert any(message in problem for problem in problems), problems


def test_a_deployment_with_shorter_exact_windows_refuses_more() -> None:
    """What the default limits allow may need more than a topology keeps."""
    ruleset = ruleset_of(rule_file("n > 1", features="{n: {median: amount_usd, by: debtor.id, window: 25h}}"))
    Engine(ruleset)
    with pytest.raises(RulesetError, match=r"median needs an exact window: .* reach back 1d at most"):
        Engine(ruleset, Settings(limits=Limits(exact_us=86_400_000_000)))


OTHER = "{count: events, by: debtor.id, window: 1h}"


def test_equal_features_of_two_rules_are_one() -> None:
    """Other names, another spelling of the window and a parameter do not make another feature."""
    first = rule_file(
        "big_day >= 2",
        params="{limit: 100}",
        features="{big_day: {count: events, where: amount_usd > limit, by: debtor.id, window: 24h}}",
    )
    second = rule_file(
        "n >= 3",
        features="{n: {count: events, where: (amount_usd > 100.0), by: [debtor.id], window: 1d}}",
        rule_id="TST-ANY-002",
    )
    third = rule_file(
        "n >= 3",
        features="{n: {count: events, where: amount_usd > 101, by: debtor.id, window: 1d}}",
        rule_id="TST-ANY-003",
    )
    assert engine_of(first, second).features == 1
    assert engine_of(first, second, third).features == 2


def test_a_name_means_the_feature_of_its_own_rule() -> None:
    """Two rules may call different features by the same name."""
    features = "{{n: {{count: events, by: {key}, window: 1h}}}}"
    engine = engine_of(
        rule_file("n >= 2", features=features.format(key="debtor.id")),
        rule_file("n >= 2", features=features.format(key="card.id"), rule_id="TST-ANY-002"),
    )
    result = engine.step([event("a", card={"id": "k1"}), event("b", card={"id": "k2"})])
    assert result.rule_outcomes.tolist() == [[1, 1, 0], [0, 2, 0]]


def test_the_same_condition_of_two_rules_hits_both() -> None:
    """What is computed once is judged for each."""
    engine = engine_of(rule_file(), rule_file("100 < amount_usd", rule_id="TST-ANY-002"))
    (alert,) = alerts_of(engine, event("e", amount=500))
    assert [rule["id"] for rule in alert["rules"]] == ["TST-ANY-001", "TST-ANY-002"]


def test_all_faults_of_all_rules_are_told_at_once() -> None:
    """One run of lint shows everything there is to mend."""
    problems = lint_messages(rule_file("a > 1"), rule_file("b > 1", rule_id="TST-ANY-002"))
    assert [problem.split(":")[0] for problem in problems] == ["x/0.yml", "x/1.yml"]


def test_an_engine_refuses_what_lint_refuses() -> None:
    """A ruleset with a fault never judges an event."""
    with pytest.raises(RulesetError, match="a is unknown"):
        engine_of(rule_file("a > 1"))
