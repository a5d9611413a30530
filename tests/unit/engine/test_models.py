"""Models in the engine: what they learn of what was judged, and models that read the scores of others."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraudstream.engine.models import check_models
from fraudstream.engine.step import Engine, Settings
from fraudstream.rules.errors import RulesetError
from fraudstream.rules.ruleset import Ruleset, build_ruleset
from fraudstream.scorers import performance, watched
from tests.keyed_fold import KeyedFold
from tests.unit.rule_files import event, rule_file, rule_files

LARGE = rule_file('amount_usd > 2000 or score("blended") > 0.999', cases="[]", status="live")
EVENTS = 6_000


def model(
    name: str,
    estimator: str,
    features: str = "{amount: log1p(amount_usd)}",
    more: str = "",
    warm_up: int = 110,
) -> bytes:
    """Return a model file."""
    return f"""schema: fraudstream.model/v1
id: {name}
title: A model
features: {features}
estimator: {estimator}
warm_up: {warm_up}
seed: 1
{more}
""".encode()


MODELS = {
    "spared": model("spared", "{kind: loda}", more="learn: not_alerted\nguard: 0.999", warm_up=2_100),
    "confirmed": model(
        "confirmed",
        "{kind: half_space_trees, window: 50}",
        more="learn: confirmed_good\non_drift: rules_only",
    ),
    "known": model("known", "{kind: binned_logistic, first: 100}", more="on_drift: learn_faster"),
    "blended": model(
        "blended",
        "{kind: blend}",
        '{spared: score("spared"), confirmed: score("confirmed"), known: score("known")}',
    ),
}


@cache
def ruleset(**changes: bytes) -> Ruleset:
    """Return a rule that reads a blend, and the models that this is made of."""
    files = {f"models/{name}.yml": data for name, data in (MODELS | changes).items()}
    return build_ruleset(rule_files(LARGE, **files))


@cache
def payments() -> list[bytes]:
    """Return payments, some of them large, that change for good on the way."""
    random = np.random.default_rng(4)
    amounts = np.exp(random.normal(4, 1, EVENTS) + 2 * (np.arange(EVENTS) > EVENTS / 3))
    return [
        event(
            f"e{number}",
            f"2026-03-0{1 + number // 1000}T{number // 60 % 16:02d}:{number % 60:02d}:00Z",
            amount=amount,
        )
        for number, amount in enumerate(np.round(amounts, 2).tolist())
    ]


def labels(events: range) -> list[bytes]:
    """Return labels by which large payments are fraud."""
    amounts = [orjson.loads(each)["amount"] for each in payments()[events.start : events.stop]]
    return [
        orjson.dumps(
            {
                "schema": "fraudstream.label/v1",
                "label": "fraud" if amount > 900 else "genuine",
                "event_id": f"e{number}",
            }
        )
        for number, amount in zip(events, amounts, strict=True)
    ]


def scores(engine: Engine, cuts: Sequence[int]) -> list[object]:
    """Judge all payments in batches cut at `cuts`, each 500 followed by their labels; say what came of it."""
    found: list[object] = []
    for start in range(0, EVENTS, 500):
        stop = start + 500
        edges = [start, *(cut for cut in sorted(set(cuts)) if start < cut < stop), stop]
        parts = [engine.step(payments()[a:b]) for a, b in pairwise(edges)]
        learned = engine.learn(labels(range(start, stop)))
        found += [
            np.concatenate([part.decisions.action for part in parts]).tolist(),
            {name: np.concatenate([part.model_scores[name] for part in parts]).tolist() for name in MODELS},
            [alert.value for part in parts for alert in part.alerts],
            sorted((sum((part.drifted for part in parts), learned.drifted)).items()),
        ]
    return found


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let drifts show within some hundred events."""
    monkeypatch.setattr(watched, "BLOCK", 40)
    monkeypatch.setattr(performance, "DRIFT_FRAUDS", 5)


def test_a_blend_scores_once_any_of_its_models_does() -> None:
    """It reads what the others gave for the same event, from which its own warm-up counts."""
    engine = Engine(ruleset())
    given_ = engine.step(payments()[:4_000]).model_scores
    assert {name: len(found) for name, found in given_.items()} == {
        "spared": 1_900,
        "confirmed": 0,
        "known": 0,
        "blended": 1_790,
    }
    engine.learn(labels(range(4_000)))
    given_ = engine.step(payments()[4_000:5_000]).model_scores
    assert len(given_["known"]) == len(given_["confirmed"]) == 1_000 - 110
    assert len(given_["blended"]) == 1_000


@settings(max_examples=5, deadline=None)
@given(cuts=st.lists(st.integers(0, EVENTS), max_size=20))
def test_cuts_do_not_show_whatever_is_learned(cuts: Sequence[int]) -> None:
    """Models that wait for judgements, labels, drifts and other models' scores give the same bytes."""
    assert scores(Engine(ruleset()), cuts) == _uncut()


@cache
def _uncut() -> list[object]:
    return scores(Engine(ruleset()), [])


def test_a_snapshot_goes_on_the_same() -> None:
    """Also where rows wait to be learned and a drift is to be followed."""
    first = Engine(ruleset())
    scores(first, [])
    second = Engine(ruleset())
    second.restore(first.snapshot())
    later = [each.replace(b'"e', b'"f') for each in payments()[:700]]
    found = [engine.step(later) for engine in (first, second)]
    assert [alert.value for alert in found[0].alerts] == [alert.value for alert in found[1].alerts]
    assert found[0].model_scores.keys() == found[1].model_scores.keys()
    for name, given_ in found[0].model_scores.items():
        assert np.array_equal(given_, found[1].model_scores[name])


def test_what_raised_an_alert_is_not_learned() -> None:
    """Of two engines whose rules differ, the one that alerted on large payments finds them more unusual."""
    found = []
    for condition in ("amount_usd > 150", "amount_usd > 1000000"):
        files = rule_files(
            rule_file(condition, cases="[]", status="live"), **{"models/spared.yml": MODELS["spared"]}
        )
        engine = Engine(build_ruleset(files))
        engine.step(payments()[:5_000])
        found.append(
            engine.step([event("large", "2026-03-04T20:00:00Z", amount=300)]).model_scores["spared"][0]
        )
    assert found[0] > found[1]


def test_a_model_that_rests_leaves_the_events_to_the_rules() -> None:
    """Rules that read its score are not evaluated meanwhile; it is told, and shown."""
    resting = model("spared", "{kind: loda}", more="on_drift: rules_only")
    rule = rule_file('score("spared") > 0.5', cases="[]", status="live")
    engine = Engine(build_ruleset(rule_files(rule, **{"models/spared.yml": resting})))
    rested = False
    for start in range(0, EVENTS, 100):
        result = engine.step(payments()[start : start + 100])
        if engine.stats().resting["spared"]:
            rested = True
            assert result.rule_outcomes[0][2] + len(result.model_scores["spared"]) == 100
    assert rested
    assert not engine.stats().resting["spared"]


def test_the_last_stage_of_a_keyed_topology_tells_which_models_rest() -> None:
    """It holds the models there, so the operator sees the same."""
    resting = model("spared", "{kind: loda}", more="on_drift: rules_only")
    rules = build_ruleset(rule_files(rule_file(cases="[]"), **{"models/spared.yml": resting}))
    engine, keyed = Engine(rules), KeyedFold(rules, Settings(), 2)
    shown = []
    for start in range(0, EVENTS, 100):
        for fold in (engine, keyed):
            fold.step(payments()[start : start + 100])
        shown.append(keyed.merge.stats().resting["spared"])
        assert keyed.merge.stats().resting == engine.stats().resting
    assert any(shown)


def test_a_drift_of_performance_is_told() -> None:
    """Frauds that no longer look like those that were learned show within some hundred labels."""
    engine = Engine(ruleset())
    drifted = 0
    for start in range(0, EVENTS, 500):
        engine.step(payments()[start : start + 500])
        told = labels(range(start, start + 500))
        if start >= EVENTS / 2:
            told = [
                each.replace(b"fraud", b"x").replace(b"genuine", b"fraud").replace(b"x", b"genuine")
                for each in told
            ]
            told = [each.replace(b"genuinestream", b"fraudstream") for each in told]
        drifted += engine.learn(told).drifted["known", "performance"]
    assert drifted >= 1


@pytest.mark.parametrize(
    ("blended", "message"),
    [
        ('{a: score("spared"), b: amount_usd / 100}', "models/blended.yml:4:35: .*write b as score"),
        ('{a: score("blended")}', "blended reads scores itself: a model may read those"),
        ('{a: score("unknown")}', "4:15: score takes the id of a model"),
    ],
)
def test_a_blend_of_something_else_is_refused(blended: str, message: str) -> None:
    """It reads scores, of models that read none."""
    with pytest.raises(RulesetError, match=message):
        _checked(model("blended", "{kind: blend}", blended))


def _checked(blended: bytes) -> Engine:
    rules = ruleset(blended=blended)
    problems = check_models(rules)
    if problems:
        raise RulesetError(problems)
    return Engine(rules)


def test_what_follows_a_drift_may_be_changed_and_nothing_is_forgotten() -> None:
    """The model goes on with what it has learned, and rests once it drifts under the new file."""
    rule = rule_file('score("spared") > 0.5', cases="[]", status="live")
    files = [
        rule_files(rule, **{"models/spared.yml": model("spared", "{kind: loda}", more=f"on_drift: {policy}")})
        for policy in ("warn", "rules_only")
    ]
    engine = Engine(build_ruleset(files[0]))
    engine.step(payments()[:2_000])
    engine.reload(engine.prepare(build_ruleset(files[1])))
    assert len(engine.step(payments()[2_000:2_100]).model_scores["spared"]) == 100
    rested = 0
    for start in range(2_100, EVENTS, 100):
        rested += 100 - len(engine.step(payments()[start : start + 100]).model_scores["spared"])
    assert rested == 110
