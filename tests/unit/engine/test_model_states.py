"""A model that starts from what another has learned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pytest

from fraudstream.engine.keyed.merge import Merge
from fraudstream.engine.model_states import renamed
from fraudstream.engine.models import check_models
from fraudstream.engine.result import StepResult
from fraudstream.engine.selftest import checked_ruleset
from fraudstream.engine.step import Engine, Settings
from fraudstream.engine.warming import warm_up
from fraudstream.rules.errors import RulesetError
from fraudstream.rules.ruleset import Ruleset, build_ruleset
from fraudstream.scorers.protocol import ScorerError
from fraudstream.scorers.state_file import unpack
from tests.keyed_fold import KeyedFold
from tests.unit.engine.test_learning import COUNTS, MODEL, label, taught
from tests.unit.rule_files import event, rule_file, rule_files

UNUSUAL = b"""schema: fraudstream.model/v1
id: unusual
title: Amounts
windows: {n: {count: events, by: debtor.id, window: 1h}}
features: {amount: log1p(amount_usd), n: {expr: n, missing: 0}}
estimator: {kind: half_space_trees, trees: 5, height: 4, window: 50}
warm_up: 100
seed: 1
"""
START = b"start_from: a.state\n"


def files(model: bytes = UNUSUAL, state: bytes | None = None) -> dict[str, bytes]:
    """Return the rule files of a model, which starts from a state if one is given."""
    more = {} if state is None else {"models/a.state": state}
    start = b"" if state is None else START
    return rule_files(rule_file(), **{"models/m.yml": model + start}, **more)


def ruleset(model: bytes = UNUSUAL, state: bytes | None = None) -> Ruleset:
    """Return the ruleset of a model."""
    return build_ruleset(files(model, state))


def payments(count: int, start: int = 0) -> list[bytes]:
    """Return payments of all sizes, each by a customer of its own."""
    amounts = np.random.default_rng(start).integers(1, 500, count).tolist()
    return [
        event(f"p{start + number}", amount=amount, debtor={"id": f"c{start + number}"})
        for number, amount in enumerate(amounts)
    ]


def experienced(model: bytes = UNUSUAL) -> Engine:
    """Return an engine whose model has seen 300 payments."""
    engine = Engine(ruleset(model))
    engine.step(payments(300))
    return engine


def scores(result: StepResult, model: str = "unusual") -> list[float]:
    """Return the scores that a model gave."""
    return [float(score) for score in result.model_scores[model]]


def problems(of: Ruleset) -> list[str]:
    """Return what is wrong with the models of a ruleset, which no engine takes then."""
    found = [str(problem) for problem in check_models(of)]
    with pytest.raises(RulesetError) as caught:
        Engine(of)
    assert str(caught.value).splitlines() == found
    return found


def test_a_model_starts_with_the_scores_that_its_exporter_gives_next() -> None:
    """It is ready at once, and goes on learning the same."""
    exporter = experienced()
    state = exporter.exported("unusual", "0.1.0")
    starter = Engine(checked_ruleset(files(state=state), Settings()))
    later = payments(200, start=300)
    expected = scores(exporter.step(later))
    assert len(expected) == 200
    assert scores(starter.step(later)) == expected
    assert starter.reports()[0].events == 500


def test_the_header_says_where_it_comes_from() -> None:
    """Model, features, how much it has seen, and the versions of rules and program."""
    engine = experienced()
    header, _ = unpack(engine.exported("unusual", "9.9"))
    assert (header.model, header.kind, header.events_scored) == ("unusual", "half_space_trees", 300)
    assert list(header.features) == ["amount", "n"]
    assert (header.ruleset, header.fraudstream, header.lessons) == (engine.ruleset.version, "9.9", None)


def test_a_model_that_learned_from_labels_starts_with_its_lessons() -> None:
    """And learns on; what its scores were worth is told of those that were given here."""
    exporter = Engine(build_ruleset(rule_files(COUNTS, **{"models/learned.yml": MODEL})))
    for start in (0, 150, 300):
        taught(exporter, 150, start)
    state = exporter.exported("learned", "0.1.0")
    header, _ = unpack(state)
    assert header.lessons is not None
    assert (header.lessons.genuine, header.lessons.frauds) == (405, 45)
    more = {"models/learned.yml": MODEL + START, "models/a.state": state}
    starter = Engine(build_ruleset(rule_files(COUNTS, **more)))
    assert starter.reports()[0].lessons == (405, 45)
    assert starter.stats().skills["learned"].auc is None
    for engine in (exporter, starter):
        engine.step(payments(100, start=900))
        engine.learn([label(f"p{number}", "genuine") for number in range(900, 1_000)])
    later = payments(50, start=2_000)
    assert scores(exporter.step(later), "learned") == scores(starter.step(later), "learned") != []


def test_drift_is_watched_anew() -> None:
    """What is usual elsewhere need not be usual here: only what the model knows is carried over."""
    state = experienced().exported("unusual", "0.1.0")
    _, snapshot = unpack(state)
    assert not [name for name in snapshot if name.startswith("drift")]
    assert set(Engine(ruleset(state=state)).reports()[0].steady.values()) == {0}


def test_a_checkpoint_counts_for_more_than_a_start() -> None:
    """A model that has a state here goes on with that."""
    state = experienced().exported("unusual", "0.1.0")
    engine, other = Engine(ruleset(state=state)), Engine(ruleset(state=state))
    engine.step(payments(100, start=300))
    other.restore(engine.snapshot())
    later = payments(100, start=400)
    assert scores(other.step(later)) == scores(engine.step(later))
    assert other.reports()[0].events == 500


def test_after_a_reload_a_model_with_another_start_begins_anew() -> None:
    """With that; one whose file and start are the same goes on, whatever else has changed."""
    state = experienced().exported("unusual", "0.1.0")
    engine = Engine(ruleset())
    engine.step(payments(10))
    engine.reload(engine.prepare(ruleset(state=state)))
    assert engine.reports()[0].events == 300
    engine.step(payments(10, start=10))
    other = {**files(state=state), "x/0.yml": rule_file("amount_usd > 7")}
    engine.reload(engine.prepare(build_ruleset(other)))
    assert engine.reports()[0].events == 310
    again = experienced()
    again.step(payments(20, start=300))
    engine.reload(engine.prepare(ruleset(state=again.exported("unusual", "0.1.0"))))
    assert engine.reports()[0].events == 320


@pytest.mark.parametrize("fold", [Engine, lambda ruleset: Merge(ruleset, Settings(), 1)])
def test_a_refused_reload_changes_nothing(fold: Callable[[Ruleset], Engine | Merge]) -> None:
    """A state that is not there shows only when the models are made; no stage is half another's then."""
    running = fold(ruleset())
    before = {name: part for name, part in vars(running).items() if name != "rule_ids"}
    missing = build_ruleset(files(UNUSUAL.replace(b"1h", b"2h") + START))
    bound = running.prepare(missing)
    reload = running.reload if isinstance(running, Engine) else partial(running.reload, watermark_us=0)
    with pytest.raises(RulesetError, match=r"a\.state is not there"):
        reload(bound)
    assert all(vars(running)[name] is part for name, part in before.items())


def test_a_keyed_topology_starts_from_it_as_well() -> None:
    """Its last stage has the models."""
    exporter = experienced()
    folded = KeyedFold(ruleset(state=exporter.exported("unusual", "0.1.0")), Settings(), 2)
    later = payments(50, start=300)
    assert scores(folded.step(later)) == scores(exporter.step(later))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            b"id: unusual",
            b"id: other",
            "is of the model unusual, not of other: import it with `--as other` if",
        ),
        (
            b", n: {expr",
            b", m: {expr",
            "has learned the features amount, n, the model file has amount, m: ex",
        ),
        (
            b"log1p(amount_usd)",
            b"amount_usd",
            'was learned with features.amount.expr "log1p(amount_usd)", the model file has "amount_usd": '
            "export it from a model whose file says the same, or let this one learn anew",
        ),
        (b"missing: 0", b"missing: 1", "was learned with features.n.missing 0.0, the model file has 1.0: "),
        (b", missing: 0", b"", "was learned with features.n.missing 0.0, the model file has none: "),
        (b"1h", b"2h", 'was learned with windows.n.window "1h", the model file has "2h": '),
        (b"trees: 5", b"trees: 6", "was learned with estimator.trees 5, the model file has 6: "),
        (b"seed: 1", b"seed: 2", "was learned with seed 1, the model file has 2: "),
        (
            b"warm_up",
            b"scaler: none\nwarm_up",
            'was learned with scaler "min_max", the model file has "none": ',
        ),
        (
            b"{kind: half_space_trees, trees: 5, height: 4, window: 50}",
            b"{kind: river, name: LODA}",
            "is of an estimator of the kind river, whose state is a pickle",
        ),
    ],
)
def test_what_does_not_fit_is_refused(old: bytes, new: bytes, message: str) -> None:
    """One message: what, where, and the remedy."""
    state = experienced().exported("unusual", "0.1.0")
    changed = UNUSUAL.replace(old, new)
    assert changed != UNUSUAL
    (found,) = problems(ruleset(changed, state))
    line = changed.count(b"\n") + 1
    assert found.startswith(f"models/m.yml:{line}:13: start_from: models/a.state {message}"), found


def test_what_changes_no_meaning_may_differ() -> None:
    """The title, how long it warms up, and what is the default said aloud."""
    state = experienced().exported("unusual", "0.1.0")
    changed = UNUSUAL.replace(b"Amounts", b"Sums").replace(b"100", b"200").replace(b"trees, t", b"trees,  t")
    changed = changed.replace(b"warm_up", b"scaler: min_max\nwarm_up")
    assert check_models(ruleset(changed, state)) == []


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (b"", "is no exported model state: name a file that `fraudstream model export` has written"),
        (
            b"fraudstream model state, format 7, sha256 " + b"0" * 64 + b"\n",
            "has format 7, this version reads up",
        ),
    ],
)
def test_a_file_that_is_no_state_is_refused(state: bytes, message: str) -> None:
    """With the place where it is named."""
    (found,) = problems(ruleset(state=state))
    assert found.startswith(f"models/m.yml:9:13: start_from: models/a.state {message}")


def test_a_damaged_state_is_refused_by_the_check_of_a_worker() -> None:
    """Before anything is judged by it, and without a word from the kernels' warming."""
    state = bytearray(experienced().exported("unusual", "0.1.0"))
    state[-1] ^= 1
    warm_up(ruleset(state=bytes(state)), Settings())
    with pytest.raises(RulesetError, match=r"models/a\.state does not have its checksum, so it is damaged: "):
        checked_ruleset(files(state=bytes(state)), Settings())


def test_a_state_that_is_missing_is_told() -> None:
    """With the command that puts it there."""
    only: Mapping[str, bytes] = {"models/m.yml": UNUSUAL + START}
    (found,) = problems(build_ruleset(rule_files(rule_file(), **only)))
    assert found == (
        "models/m.yml:9:13: start_from: models/a.state is not there: put it there with `fraudstream model "
        "import`, or take the line out"
    )


def test_a_river_model_is_not_exported() -> None:
    """Its state is a pickle."""
    river = UNUSUAL.replace(
        b"{kind: half_space_trees, trees: 5, height: 4, window: 50}", b"{kind: river, name: LODA}"
    )
    engine = Engine(ruleset(river))
    with pytest.raises(ScorerError, match="is neither exported nor imported"):
        engine.exported("unusual", "0.1.0")


def test_a_state_can_be_renamed() -> None:
    """So that it fits a model of another name that is made of the same."""
    state = experienced().exported("unusual", "0.1.0")
    assert renamed(state, "unusual") == state
    other = renamed(state, "other")
    assert check_models(ruleset(UNUSUAL.replace(b"id: unusual", b"id: other"), other)) == []
