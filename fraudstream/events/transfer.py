"""A batch of events as arrays that another process can read: columns that hold something, texts once each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.events.batch import EventBatch, Ids
from fraudstream.events.dictionary import Dictionary, Worded, read
from fraudstream.events.interning import MISSING, Interner
from fraudstream.events.packing import narrow, pack_bits, unpack_bits
from fraudstream.events.schema import Schema

Arrays = Mapping[str, NDArray[Any]]


def arrays_of(batch: EventBatch, dictionary: Dictionary) -> dict[str, NDArray[Any]]:
    """Return a batch of n events as named arrays; where its rows lead to is left out."""
    texts = np.flatnonzero((batch.codes != MISSING).any(axis=1))
    wholes = np.flatnonzero(batch.ints_known.any(axis=1))
    reals = np.flatnonzero(batch.floats_known.any(axis=1))
    words = dictionary.write(batch.codes[texts])
    ints_known, floats_known = batch.ints_known[wholes], batch.floats_known[reals]
    return {
        "time_us": batch.time_us,
        "id_data": batch.ids.data[: batch.ids.ends[-1]] if len(batch) else batch.ids.data[:0],
        "id_ends": narrow(batch.ids.ends),
        "texts": narrow(texts),
        "words": narrow(words.numbers),
        "word_data": words.data,
        "word_ends": narrow(words.ends),
        "wholes": narrow(wholes),
        # What stands where nothing is known means nothing, and may be large.
        "ints": narrow(np.where(ints_known, batch.ints[wholes], 0)),
        "ints_known": pack_bits(ints_known),
        "reals": narrow(reals),
        "floats": np.where(floats_known, batch.floats[reals], 0.0),
        "floats_known": pack_bits(floats_known),
    }


def batch_of(arrays: Arrays, schema: Schema, interner: Interner) -> EventBatch:
    """Return the batch of some arrays; its rows count its own events."""
    events = len(arrays["time_us"])
    words = Worded(arrays["words"].astype(np.int32), arrays["word_data"], _int64(arrays["word_ends"]))
    return EventBatch(
        schema,
        np.arange(events, dtype=np.int32),
        arrays["time_us"],
        _spread(read(words, interner), arrays["texts"], len(schema.texts), MISSING),
        _spread(_int64(arrays["ints"]), arrays["wholes"], len(schema.wholes), 0),
        _spread(unpack_bits(arrays["ints_known"], events), arrays["wholes"], len(schema.wholes), False),
        _spread(arrays["floats"], arrays["reals"], len(schema.reals), 0.0),
        _spread(unpack_bits(arrays["floats_known"], events), arrays["reals"], len(schema.reals), False),
        Ids(arrays["id_data"], _int64(arrays["id_ends"])),
        interner,
    )


def _int64(array: NDArray[Any]) -> NDArray[np.int64]:
    return array.astype(np.int64)


def _spread(rows: NDArray[Any], places: NDArray[Any], count: int, blank: Any) -> NDArray[Any]:
    """Return a matrix of `count` rows with the given ones at their places."""
    matrix = np.full((count, rows.shape[1]), blank, rows.dtype)
    matrix[places] = rows
    return matrix
