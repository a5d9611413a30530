"""A model is not taught what it is to find: alerts, outliers, and what was never confirmed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fraudstream.scorers.config import ModelSpec, build_scorer
from fraudstream.scorers.fused import Fused
from fraudstream.scorers.protocol import FadingScorer, JudgedScorer, Matrix, Scorer
from fraudstream.scorers.selective import Confirmed, Sparing
from tests.unit.scorers.makers import loda_spec

FEATURES = ("amount", "hour")
WARM_UP = 300
BLOCK = 50


def _fused() -> Fused:
    scorer = build_scorer(loda_spec(FEATURES, WARM_UP, projections=20, half_life=1_000))
    assert isinstance(scorer, Fused)
    return scorer


def _sparing(*, spares_alerted: bool = False, guard: float | None = None) -> Sparing:
    return Sparing(_fused(), 1, spares_alerted=spares_alerted, guard=guard, block=BLOCK)


def _stream(rows: int, seed: int = 1) -> Matrix:
    return np.random.default_rng(seed).normal(size=(rows, 2))


def _attacked(rows: int = 2_000) -> tuple[Matrix, NDArray[np.bool_]]:
    """Return rows of which the later ones hold more and more of one unusual kind, and which those are."""
    x = _stream(rows)
    attack = np.random.default_rng(2).random(rows) < np.linspace(-0.3, 0.6, rows)
    x[attack] = 5 + 0.1 * x[attack]
    return x, attack


def _ranks(scorer: Scorer, x: Matrix, attack: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the raw scores of the attack's last rows, less the mean of the others'."""
    raw = []
    for start in range(0, len(x), BLOCK):
        part = slice(start, start + BLOCK)
        raw.append(scorer.score_and_learn(x[part]).raw)
        if isinstance(scorer, JudgedScorer):
            scorer.judged(attack[part])
    scores = np.concatenate(raw)[-500:]
    return np.asarray(scores[attack[-500:]] - scores[~attack[-500:]].mean())


def test_an_attack_does_not_become_usual() -> None:
    """Who learns all gets used to it; who spares alerts or what is unusual does not."""
    x, attack = _attacked()
    learns_all = _ranks(_fused(), x, attack).mean()
    assert _ranks(_sparing(spares_alerted=True), x, attack).mean() > learns_all + 1
    assert _ranks(_sparing(guard=0.9), x, attack).mean() > learns_all + 1


def test_without_a_guard_or_alerts_a_block_is_learned_late() -> None:
    """A row is scored by all rows but those of its own block and the one before."""
    x = _stream(500)
    found = _sparing().score_and_learn(x).raw
    for row in (120, 249, 250, 499):
        learned = _fused()
        learned.learn(x[: (row // BLOCK - 1) * BLOCK])
        assert found[row] == learned.score(x[row : row + 1]).raw[0]


def test_only_what_was_confirmed_is_learned() -> None:
    """No score is ready before there are lessons; frauds are told, and teach nothing."""
    scorer = Confirmed(_fused(), silent=100)
    assert not scorer.score_and_learn(_stream(400)).ready.any()
    scorer.learn(_stream(50, seed=3), np.ones(50, np.bool_))
    scorer.learn(_stream(99, seed=4), np.zeros(99, np.bool_))
    assert not scorer.score_and_learn(_stream(10)).ready.any()
    assert scorer.learned == (99, 50)
    scorer.learn(_stream(1, seed=5), np.zeros(1, np.bool_))
    assert not scorer.score_and_learn(_stream(WARM_UP)).ready.any()
    assert scorer.score_and_learn(_stream(10)).ready.all()
    twin = _fused()
    twin.learn(np.vstack([_stream(99, seed=4), _stream(1, seed=5)]))
    expected = twin.score(_stream(5)).raw
    assert np.array_equal(scorer.score_and_learn(_stream(5)).raw, expected)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, Fused),
        ({"guard": 0.99}, Sparing),
        ({"learn": "not_alerted"}, Sparing),
        ({"learn": "confirmed_good"}, Confirmed),
    ],
)
def test_the_model_file_chooses(changes: dict[str, object], kind: type[Scorer]) -> None:
    """What is to be learned stands in the model file; all is the fast way, and the usual one."""
    spec = loda_spec(FEATURES, 2_500)
    made = build_scorer(ModelSpec.model_validate({**spec.model_dump(), **changes}))
    assert type(made) is kind
    assert isinstance(made, FadingScorer)


def test_what_fades_counts_a_tenth() -> None:
    """After fading, a hundred rows of another kind move a score as a thousand would have before."""
    x, other = _stream(1_000), _stream(100, seed=6) + 4
    faded, slow = _fused(), _fused()
    for scorer in (faded, slow):
        scorer.learn(x)
    before = slow.score(other[:1]).raw[0]
    faded.fade()
    for scorer in (faded, slow):
        scorer.learn(other)
    moved = [before - each.score(other[:1]).raw[0] for each in (slow, faded)]
    assert moved[1] > 1.3 * moved[0] > 0
