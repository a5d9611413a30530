"""Logistic regression on binned features, learned from labels: the scorer of what is known to be fraud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import kernel
from fraudstream.scorers.binned import BINS, Binning, Bins
from fraudstream.scorers.calibration import Calibrator
from fraudstream.scorers.explanation import strongest
from fraudstream.scorers.protocol import (
    FADE,
    Contribution,
    Matrix,
    Occlusion,
    ScoreBatch,
    Snapshot,
    as_matrix,
)
from fraudstream.scorers.state import capture, check, overwrite

INTERCEPT_RATE = 0.01
"""River's own default for the intercept's steps."""
_EPSILON = 1e-8
"""What AdaGrad adds to the sum of squares, as in River."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class _Terms:
    """The terms of which a batch's log-odds are the sum; the arrays are never written again."""

    bins: Bins
    weights: Matrix
    counts: NDArray[np.int64]

    def occlude(self, row: int) -> Occlusion:
        """Compare each term with the mean term of the feature over all learned rows."""
        bins, learned = self.bins[row], max(1, int(self.counts[0].sum()))
        features = np.arange(len(bins))
        mean = (self.weights * self.counts).sum(axis=1) / learned
        half = (np.cumsum(self.counts, axis=1) * 2 < learned).sum(axis=1)
        return Occlusion(
            self.weights[features, bins] - mean, bins.astype(np.float64), half.astype(np.float64)
        )


class BinnedLogistic:
    """Logistic regression on one weight per bin of each feature, as River's with AdaGrad on one-hot rows.

    A score is the log-odds of fraud, a sum with one term per feature. Scoring teaches nothing: `learn` takes
    events whose labels are known by then. The first `first` of them fix the bins, and are learned when the
    last of them is there; until then, and until there was a fraud among them, no score is ready. Features
    grow with the past that they look back to. So whenever the lessons have doubled the bins are laid anew,
    by the last `first` of them, and a new bin begins with what was learned of the values in it.

    Parameters
    ----------
    constants
        float64 [d], what stands in for a missing value; NaN where that is a bin of its own.
    rate
        AdaGrad's step size.
    """

    def __init__(
        self,
        features: tuple[str, ...],
        constants: NDArray[np.float64],
        calibrator: Calibrator,
        first: int,
        rate: float,
    ) -> None:
        self.features = features
        self._constants = constants
        self._calibrator = calibrator
        self._rate = rate
        self._binning = Binning(len(features))
        self._weights, self._squares = np.zeros((2, len(features), BINS))
        self._counts = np.zeros((len(features), BINS), np.int64)
        self._intercept = np.zeros(1)
        self._recent = np.zeros((first, len(features)))
        self._recent_fraud = np.zeros(first, np.bool_)
        self._learned = np.zeros(2, np.int64)
        """How many genuine events, and how many frauds."""
        self._model = f"binned logistic {first} {rate} of {', '.join(features)}"

    def score_and_learn(self, x: Matrix) -> ScoreBatch:
        """Score each row by the labels learned so far; see `Scorer`."""
        given = as_matrix(x, self.features)
        bins = self._binning.of(self._filled(given))
        trace = _Terms(bins, self._weights, self._counts)
        raw = np.zeros(len(given))
        if not self._is_ready:
            return ScoreBatch(raw, np.zeros(len(given)), np.zeros(len(given), np.bool_), given, trace)
        _log_odds(bins, self._weights, self._intercept, raw)
        calibrated, ready = self._calibrator.rank(raw)
        return ScoreBatch(raw, calibrated, ready, given, trace)

    def learn(self, x: Matrix, fraud: Flags) -> None:
        """Learn events in the order in which their labels became known; x [n, d], fraud [n]."""
        given = self._filled(as_matrix(x, self.features))
        start = 0
        while start < len(given):
            lessons = sum(self.learned)
            due = self._next_laying(lessons)
            stop = min(len(given), start + due - lessons)
            self._take(given[start:stop], fraud[start:stop])
            start = stop
            if sum(self.learned) == due:
                self._lay(is_first=due == len(self._recent))

    def fade(self) -> None:
        """Let the steps so far count a tenth; see `FadingScorer`."""
        self._squares /= FADE
        self._calibrator.fade()

    def _next_laying(self, lessons: int) -> int:
        """Return after how many lessons the bins are laid next."""
        due = len(self._recent)
        while due <= lessons:
            due *= 2
        return due

    def _take(self, x: Matrix, fraud: Flags) -> None:
        """Take in rows, and learn them where there are bins."""
        first, lessons = len(self._recent), sum(self.learned)
        places = np.arange(lessons, lessons + len(x)) % first
        kept = slice(-first, None)
        self._recent[places[kept]], self._recent_fraud[places[kept]] = x[kept], fraud[kept]
        self._learned += [np.count_nonzero(~fraud), np.count_nonzero(fraud)]
        if lessons >= first:
            self._learn(x, fraud)

    def _lay(self, *, is_first: bool) -> None:
        """Lay the bins by the last rows; the first time learn them, later keep what was learned."""
        before = self._binning.of(self._recent)
        self._binning.fix(self._recent)
        if is_first:
            self._learn(self._recent, self._recent_fraud)
            return
        after = self._binning.of(self._recent)
        self._weights = _moved(self._weights, before, after)
        self._squares[:] = _shared(self._squares, before, after)
        self._counts = _counted(after) * (sum(self.learned) // len(self._recent))

    @property
    def scored(self) -> int:
        """How many events it has scored; see `Scorer`."""
        return self._calibrator.seen

    def explain(self, batch: ScoreBatch, row: int, top: int) -> list[Contribution]:
        """Name the features whose terms are above their means; see `Scorer`."""
        return strongest(batch, row, top, self.features)

    @property
    def learned(self) -> tuple[int, int]:
        """How many genuine events and how many frauds were learned."""
        genuine, frauds = self._learned.tolist()
        return genuine, frauds

    @property
    def _is_ready(self) -> bool:
        genuine, frauds = self.learned
        return frauds > 0 and genuine + frauds >= len(self._recent)

    def _filled(self, given: Matrix) -> Matrix:
        # Rounded, since that is how inputs wait for their labels: what is learned must be what was scored.
        filled = np.where(np.isfinite(given), given, self._constants).astype(np.float32)
        return filled.astype(np.float64)

    def _learn(self, x: Matrix, fraud: Flags) -> None:
        # Written anew: what explains earlier batches reads the old ones.
        self._weights, self._counts = self._weights.copy(), self._counts.copy()
        bins = self._binning.of(x)
        _descend(bins, fraud, self._weights, self._squares, self._intercept, self._counts, self._rate)

    def snapshot(self) -> Snapshot:
        """Copy the whole state."""
        return capture(self._model, self._arrays())

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot; earlier batches can still be explained."""
        check(snapshot, self._model, self._arrays())
        self._weights, self._counts = self._weights.copy(), self._counts.copy()
        overwrite(snapshot, self._arrays())

    def _arrays(self) -> dict[str, NDArray[Any]]:
        own = {
            "weights": self._weights,
            "squares": self._squares,
            "counts": self._counts,
            "intercept": self._intercept,
            "recent": self._recent,
            "recent_fraud": self._recent_fraud,
            "learned": self._learned,
        }
        return own | self._binning.arrays() | self._calibrator.arrays()


def _moved(learned: Matrix, before: Bins, after: Bins) -> Matrix:
    """Return what was learned per old bin by new ones: the mean over the rows in each [features, BINS].

    A new bin without rows has what the old one of the same number had.
    """
    moved = learned.copy()
    for feature, (old, new) in enumerate(zip(before.T, after.T, strict=True)):
        rows = np.bincount(new, minlength=BINS)
        sums = np.bincount(new, learned[feature, old], minlength=BINS)
        moved[feature, rows > 0] = sums[rows > 0] / rows[rows > 0]
    return moved


def _shared(sums: Matrix, before: Bins, after: Bins) -> Matrix:
    """Return sums per old bin by new ones: a row in a new bin brings its share of the old one's sum."""
    shared = np.zeros_like(sums)
    for feature, (old, new) in enumerate(zip(before.T, after.T, strict=True)):
        shares = sums[feature] / np.maximum(np.bincount(old, minlength=BINS), 1)
        shared[feature] = np.bincount(new, shares[old], minlength=BINS)
    return shared


def _counted(bins: Bins) -> NDArray[np.int64]:
    """Count rows per bin [features, BINS]."""
    return np.array([np.bincount(column, minlength=BINS) for column in bins.T])


@kernel
def _log_odds(bins: Bins, weights: Matrix, intercept: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    for row in range(bins.shape[0]):
        total = 0.0
        for feature in range(bins.shape[1]):
            total += weights[feature, bins[row, feature]]
        out[row] = total + intercept[0]


@kernel
def _descend(
    bins: Bins,
    fraud: Flags,
    weights: Matrix,
    squares: Matrix,
    intercept: NDArray[np.float64],
    counts: NDArray[np.int64],
    rate: float,
) -> None:
    """Step down the gradient of the log loss with each row: AdaGrad (Duchi, Hazan and Singer 2011)."""
    for row in range(bins.shape[0]):
        log_odds = 0.0
        for feature in range(bins.shape[1]):
            log_odds += weights[feature, bins[row, feature]]
        slope = 1 / (1 + np.exp(-log_odds - intercept[0])) - (1.0 if fraud[row] else 0.0)
        intercept[0] -= INTERCEPT_RATE * slope
        for feature in range(bins.shape[1]):
            at = bins[row, feature]
            counts[feature, at] += 1
            squares[feature, at] += slope * slope
            weights[feature, at] -= rate / np.sqrt(squares[feature, at] + _EPSILON) * slope
