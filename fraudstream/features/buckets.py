"""The buckets of a median: whole numbers by size, each bucket about 3 % wide.

b(0) = 0, b(k + 1) = max(b(k) + 1, floor(1.03 b(k))); bucket k holds b(k) to b(k + 1) - 1 and stands for its
middle, so a median is off by at most 1.5 %. Negative numbers mirror them: bucket -k.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.jit import Integer, inlined


def _bounds() -> NDArray[np.int64]:
    bounds = [0]
    while bounds[-1] < 2**62:
        bounds.append(max(bounds[-1] + 1, bounds[-1] * 103 // 100))
    return np.array(bounds, np.int64)


BOUNDS = _bounds()
"""Lower bounds of the buckets, [buckets + 1]; beyond 2^62, which no amount reaches, all is one bucket."""


@inlined
def bucket_of(bounds: NDArray[np.int64], value: Integer) -> Integer:
    """Return the bucket of a whole number."""
    size = abs(value)
    low, high = 0, len(bounds) - 1
    while high - low > 1:
        middle = (low + high) >> 1
        if bounds[middle] <= size:
            low = middle
        else:
            high = middle
    return -low if value < 0 else low


@inlined
def middle_of(bounds: NDArray[np.int64], bucket: Integer) -> Integer:
    """Return the number that a bucket stands for."""
    size = abs(bucket)
    middle = (bounds[size] + bounds[size + 1] - 1) // 2
    return -middle if bucket < 0 else middle
