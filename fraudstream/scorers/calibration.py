"""Turns raw scores into a rank that means the same for every model: the share of earlier scores below."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import kernel
from fraudstream.scorers.protocol import FADE, ScorerError

MEMORY_EVENTS = 1_000_000
"""After so many further events, an event counts for 1/e of a new one."""
_MANTISSA_BITS = 7
_MANTISSA_BITS_FLOAT64 = 52
_EXPONENT_BIAS = 1023
_EXPONENT_MIN = -20
_OCTAVES = 32
_SIDE = _OCTAVES << _MANTISSA_BITS
BINS = 4 * _SIDE
"""4,096 bins on each side of 0, and of 1."""
_RESCALE = 2.0**-500


class Ranks(NamedTuple):
    """The scores so far.

    `weights` float64 [BINS + 1]: a binary indexed tree over the bins. `scale` float64 [2]: the weight of the
    next event, and the sum of all before. `seen` int64 [1]: how many there were.
    """

    weights: NDArray[np.float64]
    scale: NDArray[np.float64]
    seen: NDArray[np.int64]


@kernel
def _bin_around_0(value: float) -> int:
    """Return the bin, below 2 * _SIDE, of a value below one half."""
    # The top bits of a float64 are its exponent and the head of its mantissa: a logarithm without rounding.
    bits = int(np.float64(abs(value)).view(np.int64)) >> (_MANTISSA_BITS_FLOAT64 - _MANTISSA_BITS)
    steps = min(max(bits - ((_EXPONENT_BIAS + _EXPONENT_MIN) << _MANTISSA_BITS), 0), _SIDE - 1)
    return _SIDE - 1 - steps if value < 0.0 else _SIDE + steps


@kernel
def bin_of(raw: float) -> int:
    """Return the bin of a finite score, from 0 for the lowest to BINS - 1.

    Anomaly scores crowd near 0 where most rows are alike, and near 1 where few are. So the bins are laid out
    by the distance to the nearer of the two: each octave of it, from 2^-20 to 2^12, has 128 bins. Scores are
    told apart where these distances differ by 0.8 %.
    """
    return _bin_around_0(raw) if raw < 0.5 else BINS - 1 - _bin_around_0(1.0 - raw)


@kernel
def _below(weights: NDArray[np.float64], place: int) -> float:
    """Sum the weights of all bins before one, in a binary indexed tree (Fenwick 1994)."""
    total = 0.0
    while place > 0:
        total += weights[place]
        place &= place - 1
    return total


@kernel
def _add(weights: NDArray[np.float64], place: int, weight: float) -> None:
    place += 1
    while place < weights.shape[0]:
        weights[place] += weight
        place += place & -place


@kernel
def _rank(
    raw: NDArray[np.float64],
    ranks: Ranks,
    silent: int,
    warm_up: int,
    growth: float,
    calibrated: NDArray[np.float64],
    ready: NDArray[np.bool_],
) -> None:
    """Rank each score among those before it, then count it."""
    weights, scale = ranks.weights, ranks.scale
    for row in range(raw.shape[0]):
        ranks.seen[0] += 1
        if ranks.seen[0] <= silent or not np.isfinite(raw[row]):
            continue
        place = bin_of(raw[row])
        if ranks.seen[0] > warm_up and scale[1] > 0.0:
            calibrated[row] = min(1.0, _below(weights, place) / scale[1])
            ready[row] = True
        _add(weights, place, scale[0])
        scale[1] += scale[0]
        # New events gain weight instead of old ones losing it: one product per event, not one per bin.
        scale[0] *= growth
        if scale[0] * _RESCALE > 1.0:
            weights *= _RESCALE
            scale *= _RESCALE


class Calibrator:
    """Streaming rank of a score: the share of earlier scores in lower bins, the recent ones counting more.

    A rank never says more than the truth, and less by at most the share of scores in the same bin.

    Parameters
    ----------
    silent
        Number of first scores that mean nothing, such as the first window of half-space trees.
    warm_up
        Number of first scores that get no rank; more than `silent`.
    memory
        Events after which an event counts for 1/e.
    """

    def __init__(self, silent: int, warm_up: int, memory: int = MEMORY_EVENTS) -> None:
        if warm_up <= silent:
            raise ScorerError(
                f"a warm-up of {warm_up} events leaves nothing to compare with, since the first {silent} "
                f"scores say nothing: make it more than {silent}"
            )
        self._silent = silent
        self._warm_up = warm_up
        self._growth = 1.0 + 1.0 / memory
        self._ranks = Ranks(np.zeros(BINS + 1), np.array([1.0, 0.0]), np.zeros(1, dtype=np.int64))

    def rank(self, raw: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the ranks, float64 [n] in [0, 1], and which of them may be used, bool [n]; then count all.

        A score that is no finite number gets no rank and is not counted.
        """
        calibrated = np.zeros(len(raw))
        ready = np.zeros(len(raw), dtype=np.bool_)
        _rank(raw, self._ranks, self._silent, self._warm_up, self._growth, calibrated, ready)
        return calibrated, ready

    def pass_over(self, scores: int) -> None:
        """Count scores that say nothing."""
        self._ranks.seen[0] += scores

    def fade(self) -> None:
        """Let the scores so far count a tenth."""
        self._ranks.weights[:] /= FADE
        self._ranks.scale[1] /= FADE

    @property
    def seen(self) -> int:
        """How many scores it has been given."""
        return int(self._ranks.seen[0])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The live state."""
        return {f"calibrator.{name}": array for name, array in self._ranks._asdict().items()}
