"""Reasons: what a contribution is, checked against River, and how reasons are chosen."""

from __future__ import annotations

import copy

import numpy as np

from fraudstream.scorers.config import build_scorer
from fraudstream.scorers.explanation import strongest
from fraudstream.scorers.protocol import Direction, Occlusion, ScoreBatch
from tests.unit.scorers.makers import FEATURES, WINDOW, river_half_space_trees, spec, stream


class _Given:
    """A trace that says what the test wants."""

    def __init__(self, drop: list[float], value: list[float], usual: list[float]) -> None:
        self._found = Occlusion(np.array(drop), np.array(value), np.array(usual))

    def occlude(self, row: int) -> Occlusion:
        """Say it of any row."""
        return self._found


def _batch(x: list[float], trace: _Given) -> ScoreBatch:
    return ScoreBatch(np.zeros(1), np.zeros(1), np.ones(1, dtype=np.bool_), np.array([x]), trace)


def test_contribution_is_what_river_says_of_the_replaced_row() -> None:
    """A contribution is River's score minus its score with the mean of the last full window, to the bit."""
    x = stream(230)
    scorer = build_scorer(spec(FEATURES, 7, 5, WINDOW, "none"))
    batch = scorer.score_and_learn(x)
    model = river_half_space_trees(7, 5, WINDOW)
    for row in x[:215].tolist():
        model.learn_one(dict(zip(FEATURES, row, strict=True)))
    usual = x[4 * WINDOW : 5 * WINDOW].cumsum(axis=0)[-1] / WINDOW
    given = dict(zip(FEATURES, x[215].tolist(), strict=True))
    expected = {}
    for feature, mean in zip(FEATURES, usual.tolist(), strict=True):
        replaced = copy.copy(model).score_one(given | {feature: mean})
        expected[feature] = model.score_one(given) - replaced
    found = {each.feature: each.contribution for each in scorer.explain(batch, 215, 4)}
    assert found
    assert found == {feature: drop for feature, drop in expected.items() if drop > 0}


def test_before_the_first_window_there_are_no_reasons() -> None:
    """A score that says nothing has no reasons."""
    scorer = build_scorer(spec(FEATURES, 7, 5, WINDOW))
    assert scorer.explain(scorer.score_and_learn(stream(WINDOW)), WINDOW - 1, 4) == []


def test_reasons_come_strongest_first_and_only_if_they_raised_the_score() -> None:
    """Features that lowered the score or left it alone are no reasons."""
    trace = _Given([0.1, 0.3, -0.2, 0.0, 0.3], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0])
    batch = _batch([5, 6, 7, 8, 9], trace)
    found = strongest(batch, 0, 5, ("a", "b", "c", "d", "e"))
    assert [each.feature for each in found] == ["b", "e", "a"]
    assert [each.value for each in found] == [6, 9, 5]
    assert [each.feature for each in strongest(batch, 0, 1, ("a", "b", "c", "d", "e"))] == ["b"]


def test_equal_reasons_keep_the_order_of_the_features() -> None:
    """Among many features that raised the score alike, the first ones are named."""
    names = tuple(f"f{index}" for index in range(60))
    batch = _batch([1.0] * 60, _Given([0.1, 0.2] * 30, [1] * 60, [0] * 60))
    found = [each.feature for each in strongest(batch, 0, 60, names)]
    assert found == [*names[1::2], *names[0::2]]


def test_directions() -> None:
    """A value is high, low or usual against the usual one, and a gap is called missing, without a value."""
    trace = _Given([0.4, 0.3, 0.2, 0.1], [2, 0, 1, 1], [1, 1, 1, 1])
    found = strongest(_batch([2.0, 0.0, 1.0, np.nan], trace), 0, 4, ("a", "b", "c", "d"))
    assert [each.direction for each in found] == list(Direction)
    assert found[3].value is None
