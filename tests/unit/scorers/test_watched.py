"""What follows a drift, and when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraudstream.scorers import watched
from fraudstream.scorers.config import build_scorer
from fraudstream.scorers.fused import Fused
from fraudstream.scorers.protocol import BATCH_ROWS_MAX, Matrix, ScoreBatch
from fraudstream.scorers.selective import Sparing
from fraudstream.scorers.watched import OnDrift, Watched
from tests.unit.scorers.makers import columns, equal, loda_spec

FEATURES = ("amount", "hour")
WARM_UP = 100
REST = 2_700
CHANGE = 25_000


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a drift show within some thousand rows."""
    monkeypatch.setattr(watched, "BLOCK", BATCH_ROWS_MAX)


def _stream(rows: int = 60_000) -> Matrix:
    """Return two features that change for good."""
    x = np.random.default_rng(3).normal(size=(rows, 2))
    x[CHANGE:] += 3
    return x


def _watched(on_drift: OnDrift) -> Watched:
    spec = loda_spec(FEATURES, WARM_UP, projections=20, half_life=100_000)
    return Watched(build_scorer(spec), on_drift, REST)


def _run(model: Watched, x: Matrix, cuts: Sequence[int] = ()) -> tuple[list[ScoreBatch], Counter[str]]:
    """Send rows through a model in batches as an engine makes them, cut before the rows of `cuts` too."""
    edges = sorted({*cuts, *range(0, len(x), BATCH_ROWS_MAX)} - {0})
    found = [model.score_and_learn(part) for part in np.split(x, edges)]
    return [batch for batch, _ in found], sum((drifted for _, drifted in found), Counter[str]())


def test_a_warning_changes_nothing() -> None:
    """The scores are those of the scorer alone, and what has drifted is told."""
    batches, drifted = _run(_watched("warn"), _stream())
    alone = build_scorer(loda_spec(FEATURES, WARM_UP, projections=20, half_life=100_000))
    assert equal(batches, [alone.score_and_learn(_stream())])
    assert drifted == {"amount": 1, "hour": 1}


def test_who_rests_is_not_ready_for_a_while() -> None:
    """From a batch's length after the drift, for as long as the warm-up says; then it scores again."""
    model = _watched("rules_only")
    batches, _ = _run(model, _stream())
    _, calibrated, ready = columns(batches)
    rests = np.flatnonzero(~ready[WARM_UP:]) + WARM_UP
    assert rests[0] >= CHANGE + BATCH_ROWS_MAX
    assert len(rests) >= REST
    assert ready[-1]
    assert not calibrated[rests].any()
    assert not model.rests


def test_who_learns_faster_gets_used_to_the_change_sooner() -> None:
    """What became usual is no longer unusual, where the scorer that only warns still takes it for that."""
    slow, _ = _run(_watched("warn"), _stream())
    fast, _ = _run(_watched("learn_faster"), _stream())
    usual = columns(slow)[0][:CHANGE]
    assert np.array_equal(usual, columns(fast)[0][:CHANGE])
    later = slice(CHANGE + 18_000, CHANGE + 20_000)
    over_usual = [columns(each)[0][later].mean() - usual.mean() for each in (slow, fast)]
    assert over_usual[1] < over_usual[0] / 2


def test_a_drift_of_performance_acts_at_once() -> None:
    """Labels stand between two batches, so that nothing is under way."""
    model = _watched("rules_only")
    _run(model, _stream(4_000))
    model.performance_drifted()
    assert model.rests
    batches, _ = _run(model, _stream(4_000))
    ready = columns(batches)[2]
    assert not ready[:REST].any()
    assert ready[REST:].all()


def test_a_drift_of_performance_cuts_no_rest_short() -> None:
    """The rest that a drift of a feature is to bring, a batch's length later, comes all the same."""
    spec = loda_spec(FEATURES, WARM_UP, projections=20, half_life=100_000)
    model = Watched(build_scorer(spec), "rules_only", rest=WARM_UP)
    x = _stream()
    parts = iter(np.split(x, range(10, len(x), 10)))
    while not model.score_and_learn(next(parts))[1]:
        pass
    model.performance_drifted()
    ready = columns([model.score_and_learn(next(parts))[0] for _ in range(200)])[2]
    assert np.count_nonzero(~ready) >= WARM_UP


@pytest.mark.parametrize("on_drift", get_args(OnDrift))
@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, 60_000), max_size=12), saved=st.integers(20_000, 50_000))
def test_cuts_and_snapshots_do_not_show(on_drift: OnDrift, cuts: Sequence[int], saved: int) -> None:
    """However a stream is cut into batches, and from a snapshot anywhere, all happens at the same rows."""
    whole, drifted = _run(_watched(on_drift), _stream())
    first, second = _watched(on_drift), _watched(on_drift)
    before, found = _run(first, _stream()[:saved], [cut for cut in cuts if cut < saved])
    second.restore(first.snapshot())
    after, found_after = _run(second, _stream()[saved:], [cut - saved for cut in cuts if cut > saved])
    assert equal([*before, *after], whole)
    assert found + found_after == drifted


@pytest.mark.parametrize("step", [1, 333])
def test_what_fades_within_a_batch_spares_the_same_alerts(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that is scored in two parts, because the scorer fades in between, is judged as one."""
    monkeypatch.setattr(watched, "BLOCK", 40)
    x = _stream()[CHANGE - 5_000 : CHANGE + 5_000]
    alerted = np.random.default_rng(5).random(len(x)) < 0.1
    runs = []
    for rows in (BATCH_ROWS_MAX - 1, step):
        fused = build_scorer(loda_spec(FEATURES, WARM_UP, projections=20, half_life=100_000))
        assert isinstance(fused, Fused)
        sparing = Sparing(fused, 1, spares_alerted=True, guard=None)
        model, found = Watched(sparing, "learn_faster", REST), []
        for start in range(0, len(x), rows):
            found.append(model.score_and_learn(x[start : start + rows])[0])
            sparing.judged(alerted[start : start + rows])
        runs.append(found)
    assert equal(*runs)
