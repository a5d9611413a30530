"""The cost of the model is a difference of two runs of the same events."""

from __future__ import annotations

import math

from loadtest.quality.cost import model_us_per_event


def test_the_cost_of_the_model_is_measured() -> None:
    """A figure comes out, whatever it is on a machine that does other things as well."""
    assert math.isfinite(model_us_per_event(events=1_000, rounds=1))
