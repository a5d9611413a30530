"""The ruleset that the benchmark runs on: 40 rules of four clauses over 36 window features, and a model.

Its thresholds lie where about one event in thirty of `loadtest.traffic` alerts, and no alert is suppressed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from fraudstream.rules.shared import RATES_FILE, REASON_CODES_FILE, TYPOLOGIES_FILE

MODEL_ID = "bench"
MODEL_INPUTS = 16
RULES = 40
TREES, HEIGHT, WINDOW_EVENTS, WARM_UP_EVENTS, SEED = 25, 8, 1_000, 2_000, 7
MARKER_USD_MIN = 500_000
"""A first payment from this amount on is alerted on; ordinary traffic has none so large."""

_RATES = Path(__file__).parents[1] / "rules" / RATES_FILE
_PAYMENT_KINDS = (
    'kind in ["card_payment", "transfer", "cash_withdrawal", "cash_deposit", "investment", "redemption"]'
)
_SHORTER = {"10m": None, "1h": "10m", "24h": "1h"}
"""The window that a burst is measured in; within ten minutes it is the payment itself."""

Content = dict[str, Any]


@dataclass(frozen=True)
class _Limits:
    """What is unusual for one key: a payment, and per window so many events with such a sum, in USD."""

    amount_min: int
    windows: dict[str, tuple[int, int]]


_KEYS = {
    "debtor.id": _Limits(250, {"10m": (3, 600), "1h": (3, 700), "24h": (14, 2_000)}),
    "card.id": _Limits(80, {"10m": (2, 180), "1h": (3, 250), "24h": (10, 700)}),
    "merchant.id": _Limits(110, {"10m": (2, 250), "1h": (3, 380), "24h": (22, 2_400)}),
    "device.id": _Limits(200, {"10m": (3, 450), "1h": (3, 600), "24h": (9, 1_600)}),
    "device.ip": _Limits(200, {"10m": (3, 550), "1h": (4, 700), "24h": (12, 2_000)}),
    "creditor.account": _Limits(300, {"10m": (2, 1_000), "1h": (2, 1_500), "24h": (3, 3_500)}),
}


def bench_files(rules_max: int = RULES) -> dict[str, bytes]:
    """Return the files of the rule directory by relative name.

    Beyond the first `RULES`, the rules are those again with stricter parameters over the same features, as a
    grown ruleset has one condition at many thresholds.
    """
    rules = _rules(rules_max)
    contents = {
        TYPOLOGIES_FILE: {
            "schema": "fraudstream.typologies/v1",
            "typologies": {"bench": {"title": "Load", "description": "Stands for any crime pattern."}},
        },
        REASON_CODES_FILE: {
            "schema": "fraudstream.reason_codes/v1",
            "reason_codes": {"BENCH": "More than is usual"},
        },
        f"models/{MODEL_ID}.yml": _model(),
        **{f"bench/{rule['id'].lower()}.yml": rule for rule in rules},
    }
    return {RATES_FILE: _RATES.read_bytes(), **{name: _yaml(content) for name, content in contents.items()}}


def rule_ids(rules_max: int) -> frozenset[str]:
    """Return the ids of the rules of `bench_files(rules_max)`."""
    return frozenset(rule["id"] for rule in _rules(rules_max))


def _rules(rules_max: int) -> list[Content]:
    first = [rule for key in _KEYS for rule in _rules_of(key)] + [*_rules_across_keys()]
    return [_stricter(first[number % RULES], number // RULES) for number in range(rules_max)]


def _stricter(rule: Content, copy: int) -> Content:
    """Return the `copy`-th variant of a rule, the rule itself for 0; no two have a parameter in common."""
    if not copy:
        return rule
    params = {name: _raised(value, copy) for name, value in rule["params"].items()}
    return {**rule, "id": f"{rule['id']}-{copy}", "params": params}


def _raised(value: float, copy: int) -> float:
    return value + copy if isinstance(value, int) else round(value + 0.01 * copy, 2)


def write_files(directory: Path) -> None:
    """Write the rule directory to disk, where a worker can read it."""
    for name, content in bench_files().items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _yaml(content: Content) -> bytes:
    stream = BytesIO()
    yaml = YAML()
    yaml.default_flow_style = None
    yaml.width = 110
    yaml.representer.ignore_aliases = lambda *_: True
    yaml.dump(content, stream)
    return stream.getvalue()


def _name(aggregate: str, key: str, window: str) -> str:
    return f"{aggregate}_{key.replace('.', '_')}_{window}"


def _features(*wanted: tuple[str, str, str]) -> Content:
    """Return the declarations of some features, each given as (aggregate, key, window)."""
    values = {"count": "events", "sum": "amount_usd"}
    return {
        _name(aggregate, key, window): {aggregate: values[aggregate], "by": key, "window": window}
        for aggregate, key, window in wanted
    }


def _rules_of(key: str) -> Iterator[Content]:
    for window, (count_min, sum_usd_min) in _KEYS[key].windows.items():
        amount_min = _KEYS[key].amount_min
        yield _busy(key, window, count_min, sum_usd_min, amount_min)
        yield _burst(key, window, count_min, amount_min)


def _busy(key: str, window: str, count_min: int, sum_usd_min: int, amount_min: int) -> Content:
    """Many events that come to a large sum."""
    params = {"count_min": count_min, "sum_usd_min": sum_usd_min, "amount_usd_min": amount_min}
    clauses = [
        _PAYMENT_KINDS,
        f"{_name('count', key, window)} >= count_min",
        f"{_name('sum', key, window)} >= sum_usd_min",
        "amount_usd >= amount_usd_min",
    ]
    features = _features(("count", key, window), ("sum", key, window))
    tests = _tests(key, window, earlier=[sum_usd_min] * (count_min - 1), amount=amount_min)
    return _rule(f"{key} {window} busy", params, features, clauses, tests)


def _burst(key: str, window: str, count_min: int, amount_min: int) -> Content:
    """Most of a window's sum within its last minutes."""
    shorter = _SHORTER[window]
    latest = _name("sum", key, shorter) if shorter else "amount_usd"
    params = {"count_min": count_min, "share_min": 0.6, "amount_usd_min": amount_min}
    clauses = [
        'channel != "branch"',
        f"{_name('count', key, window)} >= count_min",
        f"{latest} >= share_min * {_name('sum', key, window)}",
        "amount_usd >= amount_usd_min",
    ]
    wanted = [("count", key, window), ("sum", key, window)]
    features = _features(*wanted, *([("sum", key, shorter)] if shorter else []))
    tests = _tests(key, window, earlier=[1] * (count_min - 1), amount=amount_min)
    return _rule(f"{key} {window} burst", params, features, clauses, tests)


def _rules_across_keys() -> Iterator[Content]:
    """Four rules that put several keys, the model or a column beside each other."""
    unknown = ("count", "debtor.id", "24h")
    yield _rule(
        "first payment",
        {"amount_usd_min": MARKER_USD_MIN},
        _features(unknown),
        [_PAYMENT_KINDS, 'status == "approved"', f"{_name(*unknown)} <= 1", "amount_usd >= amount_usd_min"],
        _tests("debtor.id", "24h", earlier=[], amount=MARKER_USD_MIN),
    )
    yield _rule(
        "unusual",
        {"count_min": 3, "amount_usd_min": 100},
        _features(unknown),
        [
            f'score("{MODEL_ID}") >= 0.998',
            f"{_name(*unknown)} >= count_min",
            'status == "approved"',
            "amount_usd >= amount_usd_min",
        ],
        _tests("debtor.id", "24h", earlier=[1, 1], amount=100, scores={MODEL_ID: 0.999}),
    )
    shared = [("count", "debtor.id", "1h"), ("count", "device.ip", "1h"), ("sum", "creditor.account", "24h")]
    yield _rule(
        "shared address",
        {"count_min": 3, "sum_usd_min": 5_000},
        _features(*shared),
        [
            'kind == "transfer"',
            f"{_name(*shared[0])} >= count_min",
            f"{_name(*shared[1])} >= count_min",
            f"{_name(*shared[2])} >= sum_usd_min",
        ],
        _tests(
            "debtor.id", "1h", earlier=[9_000] * 2, amount=9_000, beside=("device.ip", "creditor.account")
        ),
    )
    abroad = [("count", "card.id", "1h"), ("sum", "merchant.id", "24h")]
    yield _rule(
        "card abroad",
        {"count_min": 3, "amount_usd_min": 60, "share_min": 0.5},
        _features(*abroad),
        [
            "merchant.country != debtor.country",
            f"{_name(*abroad[0])} >= count_min",
            "amount_usd >= amount_usd_min",
            f"amount_usd >= share_min * {_name(*abroad[1])}",
        ],
        _tests("card.id", "1h", earlier=[1] * 2, amount=60, beside=("merchant.id",)),
    )


def _tests(
    key: str,
    window: str,
    *,
    earlier: list[int],
    amount: int,
    beside: tuple[str, ...] = (),
    scores: dict[str, float] | None = None,
) -> Content:
    """Return the inline tests of a rule that hits at `amount` after some `earlier` amounts, in USD.

    Its last earlier event stands right inside the window, then right outside: by then one is missing.
    """
    number, unit = int(window[:-1]), window[-1]
    inside = {"m": f"-{number - 1}m 59s", "h": f"-{number - 1}h 59m"}[unit]
    given = {"scores": scores} if scores else {}
    defaults = {"kind": "transfer", "channel": "mobile", "debtor.country": "US", "merchant.country": "GB"}
    defaults |= dict.fromkeys((key, *beside), "x1")
    history = [{"at": inside, "amount_usd": each} for each in earlier]
    miss: Content = {"name": "not enough", "expect": "miss", **given, "event": {"amount_usd": amount - 1}}
    if earlier:
        miss = {"name": "the first has left the window", "expect": "miss", **given}
        miss["history"] = [{"at": f"-{window}", "amount_usd": earlier[0]}, *history[1:]]
    hit = {"name": "exactly at its limits", "expect": "hit", **given}
    unknown = {"name": "key unknown", "event": {key: None}, "expect": "not_evaluated", **given}
    return {
        "defaults": defaults | {"amount_usd": amount},
        "history": history,
        "cases": [hit, miss, unknown],
    }


def _rule(title: str, params: Content, features: Content, clauses: list[str], tests: Content) -> Content:
    return {
        "schema": "fraudstream.rule/v1",
        "id": f"BEN-{title.upper().replace('.', '-').replace(' ', '-')}",
        "version": 1,
        "title": f"Benchmark: {title}",
        "status": "live",
        "owner": "loadtest",
        "severity": "low",
        "typology": "bench",
        "rationale": "Gives the engine the work of a real rule.",
        "false_positives": ["All of them"],
        "investigate": ["Nothing"],
        "params": params,
        "features": features,
        "when": {"all": clauses},
        "then": {"action": "review", "score": 20, "reason_code": "BENCH"},
        "tests": tests,
    }


def _model() -> Content:
    """Half-space trees over two features of each key, and four columns of the event itself."""
    wanted = [pair for key in _KEYS for pair in (("count", key, "1h"), ("sum", key, "24h"))]
    inputs = {_name(*each): f"log1p({_name(*each)})" for each in wanted}
    inputs |= {
        "amount": "log1p(amount_usd)",
        "hour": "hour(occurred_at)",
        "weekday": "weekday(occurred_at)",
        "share_of_day": f"amount_usd / {_name('sum', 'debtor.id', '24h')}",
    }
    return {
        "schema": "fraudstream.model/v1",
        "id": MODEL_ID,
        "title": "Events unlike the others",
        "windows": _features(*wanted),
        "features": inputs,
        "scaler": "min_max",
        "estimator": {
            "kind": "half_space_trees",
            "trees": TREES,
            "height": HEIGHT,
            "window": WINDOW_EVENTS,
        },
        "warm_up": WARM_UP_EVENTS,
        "seed": SEED,
    }
