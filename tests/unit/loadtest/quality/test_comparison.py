"""Rules, model and both spend the same budget, and the way for both is chosen on what came earlier."""

from __future__ import annotations

import numpy as np

from loadtest.quality.budget import Stream
from loadtest.quality.comparison import FILLED, MODEL, RULES, Contest, chosen, curves, keys, lines

SCORES = np.array([90, 0, 30, 0, 120])
OF_MODEL = np.array([0, 40, 90, 0, 0])
RANK = np.array([0.2, 0.9, 0.5, np.nan, 0.1])


def contest() -> Contest:
    """Return two days of four payments; the rule knows the first fraud of a day, the model the second."""
    rules = np.array([90, 0, 0, 0] * 2)
    rank = np.array([0.1, 0.9, 0.3, 0.2] * 2)
    fraud = np.array([True, True, False, False] * 2)
    rows = np.arange(8)
    stream = Stream(rows // 4, rows % 4, np.ones(8), fraud, rows)
    ways = keys(rules, np.zeros(8, np.int64), rank)
    return Contest("drawn", stream, ways, np.arange(4), np.arange(4, 8), budget=2)


def test_rules_rank_by_points_and_the_model_below_the_point() -> None:
    """At most 100, as in the engine; a score that is missing counts as 0."""
    ways = keys(SCORES, OF_MODEL, RANK)
    first, sure, summed = (way for name, way in ways.items() if name.startswith("both"))
    assert ways[RULES].tolist() == [90, 0, 30, 0, 100]
    assert ways[MODEL].tolist() == [0.2, 0.9, 0.5, 0, 0.1]
    assert first.tolist() == [90.2, 0.9, 30.5, 0, 100.1]
    assert sure.tolist() == [90.2, 0.9, 0.5, 0, 100.1]
    assert summed.tolist() == [90.2, 40.9, 100.5, 0, 100.1]
    assert np.floor(ways[FILLED]).tolist() == ways[RULES].tolist()


def test_each_way_is_measured_on_the_test_with_the_same_budget() -> None:
    """The rule finds one of two frauds with one alert, both find both."""
    measured = {line.name: line for line in lines(contest())}
    assert (measured[RULES].test.alerts, measured[RULES].test.recall) == (1, 0.5)
    assert (measured[MODEL].test.alerts, measured[MODEL].test.recall) == (2, 0.5)
    rules, model, both = chosen([*measured.values()])
    assert (rules.name, model.name) == (RULES, MODEL)
    assert (both.test.recall, both.earlier_recall, both.fixed.recall) == (1, 1, 1)


def test_curves_are_of_rules_model_and_the_chosen_both() -> None:
    """Recall at one and two alerts a day."""
    assert [*curves(contest(), [1, 2]).values()] == [[0.5, 0.5], [0.5, 0.5], [0.5, 1]]
