"""Templates of JSON, and what one batch fills them in with; `pieces.py` does the writing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from fraudstream.engine.pieces import LITERAL, NO_EXPONENT, Counted, Sheet, Templates, write
from fraudstream.engine.wording import UNSAID
from fraudstream.features.evidence import Named

_BUFFER_BYTES_MIN = 65_536
OWN_MAX = 2
"""So many texts of its own a section may have."""
_NULL = "null"


class Piece(NamedTuple):
    """A part of a template; what its numbers mean is said in `pieces.py`."""

    kind: int
    place: int
    exponent: int = NO_EXPONENT
    currency: int = 0


def in_json(value: Any) -> str:
    """Return plain data as JSON."""
    return orjson.dumps(value).decode()


def inside_text(text: str) -> str:
    """Return a text as it stands within a text of JSON."""
    return in_json(text)[1:-1]


class Script:
    """The templates of a ruleset, made as they are needed."""

    def __init__(self) -> None:
        self._literals: dict[str, int] = {}
        self._templates: list[list[Piece]] = []
        self._tables: Templates | None = None
        self._buffer = np.empty(_BUFFER_BYTES_MIN, np.uint8)
        self._nothing = self.number(_NULL)
        self.number(UNSAID)
        self.rows = 0
        """How many rows of cells there are."""

    @property
    def size(self) -> int:
        """How many templates there are."""
        return len(self._templates)

    def row(self) -> int:
        """Return a new row of cells."""
        self.rows += 1
        return self.rows - 1

    def literal(self, text: str) -> Piece:
        """Return constant text, as it shall stand in the JSON."""
        return Piece(LITERAL, self.number(text))

    def number(self, text: str) -> int:
        """Return the number of constant text."""
        return self._literals.setdefault(text, len(self._literals))

    def template(self, pieces: Iterable[Piece]) -> int:
        """Return the number of a new template."""
        self._templates.append(list(pieces))
        self._tables = None
        return len(self._templates) - 1

    def written(self, sheet: Sheet, sections: NDArray[np.int32]) -> tuple[bytes, list[int]]:
        """Return sections int32 [s, 3] filled in, end to end, and where each ends."""
        if self._tables is None:
            self._tables = self._compiled()
        ends = np.empty(len(sections), np.int64)
        size = write(self._tables, sheet, sections, ends, self._buffer, self._nothing)
        if size > len(self._buffer):
            self._buffer = np.empty(2 * size, np.uint8)
            write(self._tables, sheet, sections, ends, self._buffer, self._nothing)
        return self._buffer[:size].tobytes(), ends.tolist()

    def _compiled(self) -> Templates:
        pieces = [piece for template in self._templates for piece in template]
        starts = np.cumsum([0, *map(len, self._templates)]).astype(np.int32)
        return Templates(
            np.array(pieces, np.int32).reshape(-1, len(Piece._fields)), starts, *_end_to_end(self._literals)
        )


class Draft:
    """What templates are filled in with for n events of one batch, which are columns.

    `wholes` int64 and `known` bool are [rows, n]; `rows` is how many rows of cells there are. Texts are given
    a number each, and stand in the JSON as they are given.
    """

    def __init__(self, wholes: NDArray[np.int64], known: NDArray[np.bool_], rows: int) -> None:
        self._wholes, self._known = wholes, known
        self.cells = np.zeros((rows, wholes.shape[1]), np.int32)
        """The numbers of texts, by row and column."""
        self.currencies = np.zeros(wholes.shape[1], np.int32)
        """The numbers of the texts of the events' own currencies."""
        self.exponents = np.full(wholes.shape[1], NO_EXPONENT, np.int8)
        """The digits behind the point of amounts in them."""
        self._own: list[int] = []
        self._places: list[int] = []
        self._texts: list[str] = []
        self._codes = np.empty(0, np.int32)
        self._first_code = 0

    def texts(self, texts: Sequence[str]) -> range:
        """Return the numbers of some texts."""
        first = len(self._texts)
        self._texts += texts
        return range(first, len(self._texts))

    def own(self, *texts: str, places: int = 0) -> int:
        """Return the number of what a section has for itself: at most `OWN_MAX` texts, and places."""
        numbers = self.texts(texts)
        self._own += [*numbers, *[0] * (OWN_MAX - len(texts))]
        self._places.append(places)
        return len(self._places) - 1

    def codes(self, codes: NDArray[np.int32], text_of: Callable[[int], str]) -> NDArray[np.int32]:
        """Take in all codes of texts that there are; return the numbers of their texts."""
        self._codes, places = np.unique(codes, return_inverse=True)
        numbers = self.texts([text_of(code) for code in self._codes.tolist()])
        self._first_code = numbers.start
        return (places + numbers.start).astype(np.int32).reshape(codes.shape)

    def sheet(self, named: Named) -> Sheet:
        """Return all that was noted; `named` are the events that were counted at the sections' places."""
        counted = Counted(np.cumsum(self._places), named.numbers, named.ids.data, named.ids.ends)
        return Sheet(
            self._wholes,
            self._known,
            self.cells,
            np.array(self._own, np.int32).reshape(-1, OWN_MAX),
            self._codes,
            self._first_code,
            self.exponents,
            self.currencies,
            counted,
            *_end_to_end(self._texts),
        )


def _end_to_end(texts: Collection[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return texts as UTF-8, and where each ends."""
    joined = "".join(texts)
    data = joined.encode()
    lengths = map(len, texts) if len(data) == len(joined) else (len(each.encode()) for each in texts)
    return np.frombuffer(data, np.uint8), np.cumsum(np.fromiter(lengths, np.int64, len(texts)))
