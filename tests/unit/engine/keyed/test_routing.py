"""Where entities live: the same place in every process, and evenly spread."""

from __future__ import annotations

import numpy as np

from fraudstream.engine.keyed.routing import NOWHERE, PartitionGate, Routes
from fraudstream.events.batch import EventBatch
from fraudstream.events.decode import Decoder
from fraudstream.events.interning import MISSING, Interner
from fraudstream.events.schema import Schema
from loadtest.traffic import generate

KEYS = (("debtor.id",), ("debtor.id", "creditor.account"), ("card.id",))


def decoded(interner: Interner) -> EventBatch:
    """Return two thousand events."""
    batch, _ = Decoder(Schema(), interner).decode(generate(2_000, 3).payloads)
    return batch


def test_the_place_depends_on_the_texts_alone() -> None:
    """Another interner, with other codes, routes the same."""
    other = Interner()
    other.codes([f"other {number}" for number in range(100)])
    one, two = Routes(decoded(Interner()), KEYS, 5), Routes(decoded(other), KEYS, 5)
    assert np.array_equal(one.partitions, two.partitions)


def test_an_event_without_the_key_goes_nowhere() -> None:
    """Each missing column of the key keeps it away, as does a key that no rule reads any more."""
    batch = decoded(Interner())
    routes = Routes(batch, KEYS, 3)
    for key in KEYS:
        lacks = np.any([batch.code(name) == MISSING for name in key], axis=0)
        assert lacks.any()
        assert np.array_equal(routes.of(key) == NOWHERE, lacks)
    assert (routes.of(("device.id",)) == NOWHERE).all()


def test_entities_are_spread_evenly() -> None:
    """No partition has twice as many as it should."""
    batch = decoded(Interner())
    found = Routes(batch, KEYS, 4).of(("debtor.id",))
    _, first = np.unique(batch.code("debtor.id"), return_index=True)
    shares = np.bincount(found[first][found[first] >= 0])
    assert len(shares) == 4
    assert shares.max() < 2 * shares.mean()


def test_a_gate_lets_only_its_own_entities_pass() -> None:
    """Behind the columns of the schema stand those of each key, without the entities of other partitions."""
    batch = decoded(Interner())
    routes = Routes(batch, KEYS, 2)
    gate = PartitionGate(routes, 1)
    codes = gate.through(batch, KEYS)
    texts = len(batch.schema.texts)
    assert np.array_equal(codes[:texts], batch.codes)
    assert codes.shape[0] == texts + sum(map(len, KEYS))
    here = routes.of(("debtor.id",)) == 1
    assert np.array_equal(codes[texts], np.where(here, batch.code("debtor.id"), MISSING))
