"""A shard tells its journal what its heir has to know, before anything comes of it."""

from __future__ import annotations

from fraudstream.config.topology import Labels
from fraudstream.stream.batch import Batch
from fraudstream.stream.journal import Poison
from fraudstream.stream.shard import RUN_OFFSETS_MAX, Shard
from fraudstream.stream.worker import shard_of
from tests.unit.stream.fakes import FakeEngine, batch, topology


def told(shard: Shard, following: Batch) -> int | None:
    """Fold a batch; return up to where its entry in the journal lets the shard go, 0 where there is none."""
    entry = shard.turn_to(following)
    assert shard.turn_to(following) is None
    shard.fold(following)
    return 0 if entry is None else entry.upto


def test_a_run_goes_no_further_than_its_entry_says() -> None:
    """Before a batch would, there is another entry, which lets at least that batch be folded."""
    shard = Shard(FakeEngine().as_engine(), run_offsets_max=10)
    assert told(shard, batch([0, 1, 2])) == 10
    assert told(shard, batch([3, 9])) == 0
    assert told(shard, batch([10, 11])) == 20
    assert told(shard, batch([18, 500])) == 501
    assert told(shard, batch([501], partition=("events", 1))) == 511


def test_poison_does_not_lengthen_a_run() -> None:
    """The entry that leaves a message out reaches as far as the one before it."""
    shard = Shard(FakeEngine().as_engine(), run_offsets_max=10)
    told(shard, batch([0, 1]))
    assert shard.leave_out(Poison(0, 2, "KeyError", "x")).upto == 10


def test_who_has_one_order_says_nothing_of_its_runs() -> None:
    """One partition, or transactions; labels are a partition more."""
    engine = FakeEngine().as_engine()
    several, one = topology(partitions=2), topology(partitions=1)
    exact = several.model_copy(update={"processing_guarantee": "exactly_once"})
    labelled = one.model_copy(update={"labels": Labels(topic="fraudstream.labels")})
    limits = [told(shard_of(engine, each), batch([0])) for each in (several, labelled, one, exact)]
    assert limits == [RUN_OFFSETS_MAX, RUN_OFFSETS_MAX, None, None]
