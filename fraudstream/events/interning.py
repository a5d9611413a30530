"""Texts as small integers, so that columns of identifiers and words are arrays of codes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MISSING = -1


class Interner(dict[str | None, int]):
    """Gives each text a code in the order of first appearance; None and the empty text are MISSING.

    Feeds often write "" where they know nothing; two customers without an id are not one customer.
    """

    def __init__(self) -> None:
        super().__init__({None: MISSING, "": MISSING})
        self._texts: list[str] = []

    def __missing__(self, text: str) -> int:
        code = len(self._texts)
        self[text] = code
        self._texts.append(text)
        return code

    def codes(self, texts: Sequence[str | None]) -> NDArray[np.int32]:
        """Return the codes [n] of n texts."""
        return np.fromiter(map(self.__getitem__, texts), np.int32, len(texts))

    def text(self, code: int) -> str:
        """Return the text of a code."""
        return self._texts[code]
