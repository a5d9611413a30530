"""A batch on its way to another process: every value arrives, under the codes of the other interner."""

from __future__ import annotations

import numpy as np

from fraudstream.events.batch import EventBatch
from fraudstream.events.decode import Decoder
from fraudstream.events.dictionary import Dictionary
from fraudstream.events.interning import Interner
from fraudstream.events.schema import Schema
from fraudstream.events.transfer import arrays_of, batch_of
from loadtest.traffic import generate


def decoded(events: int) -> EventBatch:
    """Return traffic as it is decoded."""
    batch, _ = Decoder(Schema(), Interner()).decode(generate(1_000, 5).payloads[:events])
    return batch


def test_every_value_arrives() -> None:
    """Texts, numbers, times and ids are the same, though the codes are others."""
    sent = decoded(400)
    other = Interner()
    other.codes(["something", "else"])
    found = batch_of(arrays_of(sent, Dictionary(sent.texts)), sent.schema, other)
    assert found.ids.all() == sent.ids.all()
    assert np.array_equal(found.time_us, sent.time_us)
    assert [found.words(name) for name in sent.schema.texts] == [
        sent.words(name) for name in sent.schema.texts
    ]
    for known in ("ints_known", "floats_known"):
        assert np.array_equal(getattr(found, known), getattr(sent, known))
    assert np.array_equal(found.ints[sent.ints_known], sent.ints[sent.ints_known])
    assert np.array_equal(found.floats[sent.floats_known], sent.floats[sent.floats_known])


def test_one_dictionary_serves_many_batches() -> None:
    """Nothing of one batch is left for the next, and no event at all can be sent."""
    sent = decoded(300)
    words, other = Dictionary(sent.texts), Interner()
    for start in range(0, 300, 100):
        part = sent.take(np.arange(start, start + 100))
        found = batch_of(arrays_of(part, words), sent.schema, other)
        assert found.words("debtor.id") == part.words("debtor.id")
    nothing = sent.take(np.arange(0))
    assert len(batch_of(arrays_of(nothing, words), sent.schema, other)) == 0


def test_columns_without_a_value_are_left_out() -> None:
    """A message holds the columns that its events have."""
    sent = decoded(100)
    arrays = arrays_of(sent, Dictionary(sent.texts))
    has = [name for name in sent.schema.texts if any(sent.words(name))]
    assert [sent.schema.texts[row] for row in arrays["texts"]] == has
    assert 0 < len(has) < len(sent.schema.texts)
