"""LODA: an ensemble of histograms, each over one sparse random projection of the features."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import called, inlined, lean_kernel
from fraudstream.scorers.protocol import FADE, Matrix, Occlusion

HALF_WIDTH = 6.0
"""How many deviations a histogram reaches either way; what lies beyond counts to its outermost bin."""
WIDEST = 20.0
"""How many deviations a feature is away at most, so that a wild value does not hide all others."""
PSEUDO = 0.5
"""Rows that every bin is given beforehand (Jeffreys' prior)."""
_RESCALE = 2.0**-332
_SMALL = 1e-200


class Projections(NamedTuple):
    """P directions, each over m of the features: `columns` int64 and `weights` float64, both [P, m]."""

    columns: NDArray[np.int64]
    weights: NDArray[np.float64]


class Histograms(NamedTuple):
    """What was learned: `counts` float64 [P, bins], `scale` float64 [2], a new row's weight and the sum."""

    counts: NDArray[np.float64]
    scale: NDArray[np.float64]

    def copy(self) -> Histograms:
        """Return one that goes on by itself."""
        return Histograms(self.counts.copy(), self.scale.copy())


@inlined
def _bin(row: NDArray[np.float64], projections: Projections, number: int, bins: int) -> int:
    along = HALF_WIDTH
    for place in range(projections.columns.shape[1]):
        along += projections.weights[number, place] * row[projections.columns[number, place]]
    return min(max(int(along * (bins / (2 * HALF_WIDTH))), 0), bins - 1)


@lean_kernel
def _walk(
    rows: Matrix,
    projections: Projections,
    histograms: Histograms,
    growth: float,
    learns: bool,
    raw: NDArray[np.float64],
) -> None:
    """Score each row by the rows before it; with `learns` it counts for those behind it."""
    counts, scale = histograms.counts, histograms.scale
    directions, bins = counts.shape
    for row in range(rows.shape[0]):
        surprise, product = 0.0, 1.0
        prior = PSEUDO * scale[0]
        whole = 1.0 / (scale[1] + prior * bins)
        for number in range(directions):
            at = _bin(rows[row], projections, number, bins)
            product *= (counts[number, at] + prior) * whole
            # One logarithm for many factors, before their product is too small for a float.
            if product < _SMALL:
                surprise -= np.log(product)
                product = 1.0
            if learns:
                counts[number, at] += scale[0]
        raw[row] = (surprise - np.log(product)) / directions
        if learns:
            scale[1] += scale[0]
            # A new row gains weight instead of all before losing it: that is one product a row.
            scale[0] *= growth
            if scale[0] * _RESCALE > 1.0:
                _rescale(histograms)


@called
def _rescale(histograms: Histograms) -> None:
    """Make all weights smaller, by a power of two, so that no bit changes."""
    for number in range(histograms.counts.shape[0]):
        for at in range(histograms.counts.shape[1]):
            histograms.counts[number, at] *= _RESCALE
    histograms.scale[0] *= _RESCALE
    histograms.scale[1] *= _RESCALE


class LodaTrace:
    """The rows of a batch and the histograms before it: to explain one, those before it are learned again."""

    def __init__(
        self, rows: Matrix, projections: Projections, before: Histograms, growth: float, *, learns: bool
    ) -> None:
        self._rows = rows
        self._learns = learns
        self._projections = projections
        self._before = before
        self._growth = growth
        self._at, self._now = 0, before.copy()

    def occlude(self, row: int) -> Occlusion:
        """Score a row with each feature in turn at its mean so far."""
        if row < self._at:
            self._at, self._now = 0, self._before.copy()
        skipped = self._rows[self._at : row]
        if self._learns:
            _walk(skipped, self._projections, self._now, self._growth, True, np.empty(len(skipped)))
        self._at = row
        value = self._rows[row]
        variants = np.tile(value, (len(value) + 1, 1))
        np.fill_diagonal(variants[1:], 0.0)
        raw = np.empty(len(variants))
        _walk(variants, self._projections, self._now, self._growth, False, raw)
        return Occlusion(raw[0] - raw[1:], value, np.zeros(len(value)))


class Loda:
    """Mean negative log-density of a row over the histograms, on standardised rows without gaps.

    Parameters
    ----------
    features
        How many columns there are, d.
    projections, bins
        How many histograms, and the bins of each.
    half_life
        Rows after which a row counts half.
    seed
        Of the directions, each over the square root of d features, rounded up.

    Notes
    -----
    Pevny: Loda: Lightweight on-line detector of anomalies, Machine Learning 102, 2016. Here the histograms
    have fixed edges and forget; a row is learned on the scale on which it was scored.
    """

    def __init__(self, features: int, projections: int, bins: int, half_life: int, seed: int) -> None:
        self._projections = drawn(features, projections, seed)
        self._growth = 2.0 ** (1 / half_life)
        self._half_life = half_life
        self._histograms = Histograms(np.zeros((projections, bins)), np.array([1.0, 0.0]))

    @property
    def name(self) -> str:
        """A name that two detectors share only if their directions and their memory are the same."""
        directions = self._projections
        digest = sha256(directions.columns.tobytes() + directions.weights.tobytes()).hexdigest()
        projections, bins = self._histograms.counts.shape
        return f"loda {projections}x{bins} half-life {self._half_life} {digest[:16]}"

    def walk(self, scored: Matrix, learned: Matrix) -> tuple[NDArray[np.float64], LodaTrace]:
        """Score each row by those before it, then learn it as it was scored; see `Detector`."""
        return self._walk(scored, learns=True)

    def score(self, scored: Matrix) -> tuple[NDArray[np.float64], LodaTrace]:
        """Score each row by what was learned so far; see `Detector`."""
        return self._walk(scored, learns=False)

    def _walk(self, scored: Matrix, *, learns: bool) -> tuple[NDArray[np.float64], LodaTrace]:
        rows = np.clip(scored, -WIDEST, WIDEST)
        trace = LodaTrace(rows, self._projections, self._histograms.copy(), self._growth, learns=learns)
        raw = np.empty(len(rows))
        _walk(rows, self._projections, self._histograms, self._growth, learns, raw)
        return raw, trace

    def fade(self) -> None:
        """Let the rows so far count a tenth."""
        self._histograms.counts[:] /= FADE
        self._histograms.scale[1] /= FADE

    def is_sound(self, saved: Mapping[str, NDArray[Any]]) -> bool:
        """Its counts lead nowhere: whatever they are, they can be gone on from."""
        return True

    def renew(self) -> None:
        """Do nothing: traces have copies."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The live state."""
        return {f"histograms.{name}": array for name, array in self._histograms._asdict().items()}


def drawn(features: int, projections: int, seed: int) -> Projections:
    """Draw directions of length 1, each over other features with normal weights."""
    random = np.random.default_rng(seed)
    mixed = int(np.ceil(np.sqrt(features)))
    columns = np.array([np.sort(random.permutation(features)[:mixed]) for _ in range(projections)])
    weights = random.normal(size=columns.shape)
    return Projections(columns, weights / np.linalg.norm(weights, axis=1, keepdims=True))
