"""What every scorer must keep to, whatever is inside it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraudstream.scorers.protocol import Contribution, Direction, Matrix, ScoreBatch, Scorer, ScorerError
from tests.unit.scorers.makers import FEATURES, SCORERS, WARM_UP, columns, equal, scored, stream

ROWS = 260
KINDS = sorted(SCORERS)
Make = Callable[[], Scorer]


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest) -> Make:
    """Give the maker of one kind of scorer after the other."""
    return SCORERS[request.param]


def _stream() -> Matrix:
    return stream(ROWS, gaps=0.05)


@cache
def _whole(kind: str) -> tuple[Scorer, ScoreBatch]:
    scorer = SCORERS[kind]()
    return scorer, scorer.score_and_learn(_stream())


def _explained(scorer: Scorer, batches: list[ScoreBatch], row: int) -> list[Contribution]:
    for batch in batches:
        if row < len(batch.raw):
            return scorer.explain(batch, row, len(FEATURES))
        row -= len(batch.raw)
    raise IndexError(row)


def test_same_stream_gives_same_bits(make: Make) -> None:
    """Two scorers made alike and fed alike agree to the bit."""
    assert equal(scored(make(), _stream()), scored(make(), _stream()))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, deadline=None)
@given(
    cuts=st.lists(st.integers(0, ROWS), max_size=12),
    row=st.sampled_from([0, 41, WARM_UP, 199, ROWS - 1]),
)
def test_cuts_do_not_show(kind: str, cuts: list[int], row: int) -> None:
    """Cutting the stream anywhere, even into empty batches, changes no score and no explanation."""
    whole_scorer, whole = _whole(kind)
    scorer = SCORERS[kind]()
    batches = scored(scorer, _stream(), cuts)
    assert equal(batches, [whole])
    assert _explained(scorer, batches, row) == whole_scorer.explain(whole, row, len(FEATURES))


def test_singles_equal_one_batch(make: Make) -> None:
    """Batches of one give what one batch of all gives."""
    assert equal(scored(make(), _stream(), range(1, ROWS)), scored(make(), _stream()))


def test_explanation_outlives_the_model(make: Make) -> None:
    """A row is explained by the model that scored it, also after a restore and other learning."""
    scorer = make()
    before = scorer.snapshot()
    batch = scorer.score_and_learn(_stream())
    rows = [60, 150, ROWS - 1]
    explained = [scorer.explain(batch, row, 4) for row in rows]
    scorer.restore(before)
    scorer.score_and_learn(1 - stream(200, seed=1))
    assert any(explained)
    assert [scorer.explain(batch, row, 4) for row in rows] == explained


def test_snapshot_goes_on_to_the_same_bits(make: Make) -> None:
    """A new scorer restored from a snapshot goes on exactly as the first one does."""
    first, second = make(), make()
    first.score_and_learn(stream(150, gaps=0.05))
    saved = first.snapshot()
    expected = first.score_and_learn(stream(150, seed=1, gaps=0.05))
    second.restore(saved)
    found = second.score_and_learn(stream(150, seed=1, gaps=0.05))
    assert equal([found], [expected])
    assert second.explain(found, 120, 4) == first.explain(expected, 120, 4)


def test_snapshot_of_another_model_is_refused(make: Make) -> None:
    """A snapshot is not taken where it does not belong, and the message says what to do."""
    scorer = make()
    own = scorer.snapshot()["model"]
    others = [other().snapshot() for other in SCORERS.values()]
    for snapshot in [each for each in others if each["model"] != own]:
        with pytest.raises(ScorerError, match="start this model anew without the snapshot"):
            scorer.restore(snapshot)
    assert len({str(each["model"]) for each in others}) == len(SCORERS)


def test_damaged_snapshot_changes_nothing(make: Make) -> None:
    """A snapshot that lacks an entry is refused before anything is overwritten."""
    scorer, untouched = make(), make()
    for each in (scorer, untouched):
        each.score_and_learn(stream(120))
    for entry in set(scorer.snapshot()) - {"model"}:
        damaged = {name: value for name, value in make().snapshot().items() if name != entry}
        with pytest.raises(ScorerError, match=f"'{entry}'.*damaged"):
            scorer.restore(damaged)
    assert equal([scorer.score_and_learn(_stream())], [untouched.score_and_learn(_stream())])


def test_memory_is_bounded(make: Make) -> None:
    """The state of a scorer after many windows is no larger than after some."""

    def size(scorer: Scorer) -> int:
        return sum(value.nbytes for value in scorer.snapshot().values() if not isinstance(value, str))

    scorer = make()
    scorer.score_and_learn(stream(500))
    some = size(scorer)
    scorer.score_and_learn(stream(2_000, seed=1))
    assert size(scorer) <= 1.02 * some


def test_missing_values_are_scored(make: Make) -> None:
    """Rows with gaps, rows of nothing but gaps and infinite values get finite scores."""
    x = stream(300, gaps=0.3)
    x[::17] = np.nan
    x[::13, 1] = np.inf
    x[:, 3] = np.nan
    raw, calibrated, _ = columns(scored(make(), x))
    assert np.isfinite(raw).all()
    assert ((calibrated >= 0) & (calibrated <= 1)).all()


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, deadline=None)
@given(
    rows=st.lists(
        st.lists(st.floats(-1e9, 1e9) | st.sampled_from([np.nan, np.inf, -np.inf]), min_size=4, max_size=4),
        min_size=1,
        max_size=90,
    )
)
def test_no_nan_comes_out(kind: str, rows: list[list[float]]) -> None:
    """Whatever goes in, scores, ranks and contributions are finite numbers."""
    scorer = SCORERS[kind]()
    batch = scorer.score_and_learn(np.array(rows))
    assert np.isfinite(batch.raw).all()
    assert np.isfinite(batch.calibrated).all()
    for found in scorer.explain(batch, len(rows) - 1, 4):
        assert np.isfinite(found.contribution)
        assert found.value is None or np.isfinite(found.value)


def test_warm_up_is_not_ready(make: Make) -> None:
    """The first events of the warm-up are not ready, all later ones are."""
    _, calibrated, ready = columns(scored(make(), _stream()))
    assert not ready[:WARM_UP].any()
    assert not calibrated[:WARM_UP].any()
    assert ready[WARM_UP:].all()


@pytest.mark.parametrize("planted", range(len(FEATURES)))
def test_explanation_names_the_planted_feature(make: Make, planted: int) -> None:
    """The feature that was made extreme comes first, with its value and its direction."""
    x = stream(400)
    x[-1] = x[:-1].mean(axis=0)
    x[-1, planted] = 1.9
    scorer = make()
    batch = scorer.score_and_learn(x)
    first = scorer.explain(batch, 399, 2)[0]
    assert first.feature == FEATURES[planted]
    assert first.value == 1.9
    assert first.direction is Direction.HIGH


def test_wrong_shape_is_refused(make: Make) -> None:
    """A batch with too few columns is refused with the columns that are wanted."""
    with pytest.raises(ScorerError, match=r"give \[events, 4\], the columns velocity, amount, hour, age"):
        make().score_and_learn(np.zeros((3, 2)))


def test_the_callers_array_is_its_own(make: Make) -> None:
    """Overwriting the array of a batch afterwards changes no explanation."""
    x = stream(200)
    scorer = make()
    batch = scorer.score_and_learn(x)
    explained = scorer.explain(batch, 190, 4)
    x[:] = 0.0
    assert scorer.explain(batch, 190, 4) == explained


def test_named_features_matter_more_than_others(make: Make) -> None:
    """Putting the two named features at their means lowers scores more than putting any two others there."""
    x = stream(400)
    rng = np.random.default_rng(9)
    x[360:, :] += rng.choice([0.0, 0.8], (40, 4), p=[0.7, 0.3])
    scorer = make()
    scorer.score_and_learn(x[:360])
    before, usual = scorer.snapshot(), x[:360].mean(axis=0)

    def raw(row: Matrix, neutral: list[int]) -> float:
        neutralised = row.copy()
        neutralised[neutral] = usual[neutral]
        scorer.restore(before)
        return float(scorer.score_and_learn(neutralised[None]).raw[0])

    by_named, by_others = [], []
    for row in x[360:]:
        scorer.restore(before)
        found = scorer.explain(scorer.score_and_learn(row[None]), 0, 2)
        named = [FEATURES.index(each.feature) for each in found]
        others = [each for each in range(4) if each not in named][: len(named)]
        by_named.append(raw(row, []) - raw(row, named))
        by_others.append(raw(row, []) - raw(row, others))
    assert np.mean(by_named) > 3 * abs(np.mean(by_others))
