"""Tests of texts as tables by code: every distinct text is tested once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.interning import Interner
from fraudstream.events.jit import lean_kernel
from fraudstream.rules.program import TextTest
from fraudstream.rules.vm_code import FAILS, PASSES, UNSEEN, Inputs


class Verdicts:
    """What each text test says of each code seen so far."""

    def __init__(self, tests: Sequence[TextTest], interner: Interner) -> None:
        self._tests = tests
        self._interner = interner
        self._sources = np.array([(each.of_feature, each.row) for each in tests], np.int64).reshape(-1, 2)
        self._tables = np.zeros((len(tests), 1), np.uint8)
        self._releases = interner.releases

    def complete(self, inputs: Inputs) -> Inputs:
        """Return inputs with a verdict for every text of theirs that is tested."""
        if not self._tests:
            return inputs._replace(verdicts=self._tables)
        self._make_room()
        inputs = inputs._replace(verdicts=self._tables)
        found = np.empty((len(self._tests) * len(inputs.time_us), 2), np.int64)
        for test, code in found[: unseen(self._sources, inputs, found)].tolist():
            if self._tests[test].test(self._interner.text(code)):
                self._tables[test, code] = PASSES
        return inputs

    def _make_room(self) -> None:
        if self._releases != self._interner.releases:
            # Codes may stand for other texts by now.
            self._releases = self._interner.releases
            self._tables[:] = UNSEEN
        texts, room = self._interner.codes_max, self._tables.shape[1]
        if texts > room:
            larger = np.zeros((len(self._tests), texts), np.uint8)
            larger[:, :room] = self._tables
            self._tables = larger


@lean_kernel
def unseen(sources: NDArray[np.int64], inputs: Inputs, found: NDArray[np.int64]) -> int:
    """List tests and codes that have no verdict yet, and note that they fail; return how many."""
    number = 0
    for test in range(len(sources)):
        row = sources[test, 1]
        for event in range(len(inputs.time_us)):
            if sources[test, 0] != 0:
                code = inputs.features[row, event] if inputs.features_known[row, event] else -1
            else:
                code = np.int64(inputs.codes[row, event])
            if code >= 0 and inputs.verdicts[test, code] == UNSEEN:
                inputs.verdicts[test, code] = FAILS
                found[number, 0] = test
                found[number, 1] = code
                number += 1
    return number
