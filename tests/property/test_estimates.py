"""How far off the estimates are, over many entities: `pytest -s` prints the errors as measured."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fraudstream.events.batch import Ids
from fraudstream.events.schema import Column, ColumnType, Schema
from fraudstream.features.catalogue import Aggregate, Feature, Limits
from fraudstream.features.hyperloglog import REGISTERS
from fraudstream.features.state import Arrivals
from fraudstream.features.store import FeatureStore

SCHEMA = Schema((Column("who", ColumnType.TEXT), Column("v", ColumnType.INTEGER)))
ENTITIES = 100
WINDOW_US = 10**9
STANDARD_ERROR = 1.04 / np.sqrt(REGISTERS)
EXACT = Limits(exact_us=WINDOW_US)
PANES = Limits(exact_us=WINDOW_US - 1)

Whole = NDArray[np.int64]


def walked(
    aggregate: Aggregate, limits: Limits, times: Whole, who: Whole, values: Whole
) -> NDArray[np.float64]:
    """Return what each of n events reads of its entity's window."""
    value = None if aggregate is Aggregate.COUNT else "v"
    store = FeatureStore(
        [Feature(aggregate, value, None, ("who",), ("who",), WINDOW_US, True)], SCHEMA, limits
    )
    events = len(times)
    ids = Ids.of(["e"] * events)
    frame = store.advance(
        Arrivals(
            times,
            who.astype(np.int32).reshape(1, events),
            values.reshape(1, events),
            np.ones((1, events), np.bool_),
            np.empty((0, events)),
            np.empty((0, events), np.bool_),
            ids.ends,
            ids.data,
            np.empty((0, events), np.bool_),
            np.empty((0, events), np.int64),
            np.empty((0, events), np.bool_),
        )
    )
    assert frame.known.all()
    read: NDArray[np.float64] = frame.floats[0] + frame.ints[0]
    return read


def at_the_end(aggregate: Aggregate, limits: Limits, values: Whole) -> NDArray[np.float64]:
    """Return what each of k entities has read at the last of its values, int64 [n, k]."""
    times = np.arange(values.size, dtype=np.int64)
    who = np.tile(np.arange(values.shape[1]), len(values))
    return walked(aggregate, limits, times, who, values.ravel())[-values.shape[1] :]


@pytest.mark.parametrize(("distinct", "limits"), [(5_000, EXACT), (20_000, EXACT), (5_000, PANES)])
def test_distinct_counts_err_as_a_hyperloglog_does(distinct: int, limits: Limits) -> None:
    """Beyond the exact bound the errors of many entities spread by the standard error, around zero."""
    values = np.random.default_rng(distinct).integers(0, 2**62, (distinct, ENTITIES))
    errors = at_the_end(Aggregate.DISTINCT, limits, values) / distinct - 1
    spread = np.sqrt(np.mean(errors**2))
    print(
        f"distinct {distinct}: bias {errors.mean():.2%}, rms {spread:.2%}, worst {np.abs(errors).max():.2%}"
    )
    assert abs(errors.mean()) < 4 * STANDARD_ERROR / np.sqrt(ENTITIES)
    assert spread == pytest.approx(STANDARD_ERROR, rel=0.3)
    assert np.abs(errors).max() < 5 * STANDARD_ERROR


def test_medians_err_by_less_than_half_a_bucket() -> None:
    """Medians of skewed amounts are within 1.5 % of the exact lower median."""
    amounts = np.random.default_rng(3).lognormal(9.0, 1.5, (501, ENTITIES)).astype(np.int64)
    exact = np.sort(amounts, axis=0)[250]
    errors: NDArray[np.float64] = np.abs(at_the_end(Aggregate.MEDIAN, EXACT, amounts) / exact - 1)
    print(f"median: mean {errors.mean():.2%}, worst {errors.max():.2%}")
    assert errors.max() <= 0.015


def test_panes_hold_at_most_one_pane_too_much() -> None:
    """A long window counts what the exact one does, and up to one sixty-fourth more at its far edge."""
    gaps = np.random.default_rng(4).exponential(WINDOW_US / 5_000, 60_000)
    times = np.cumsum(gaps).astype(np.int64)
    zeros = np.zeros(len(times), np.int64)
    exact, long = (walked(Aggregate.COUNT, limits, times, zeros, zeros) for limits in (EXACT, PANES))
    full = times > 2 * WINDOW_US
    excess = (long / exact - 1)[full]
    print(f"panes: mean {excess.mean():.2%}, worst {excess.max():.2%}")
    wider = np.searchsorted(times, times - WINDOW_US - -(-WINDOW_US // 64))
    most = np.arange(len(times)) + 1 - wider
    assert (long >= exact).all()
    assert (long <= most).all()
    assert excess.mean() == pytest.approx(1 / 128, rel=0.1)
