"""A batch knows its offsets, payloads and times."""

from __future__ import annotations

from fraudstream.stream.batch import TIMESTAMP_MS_MAX, Batch
from tests.unit.stream.fakes import record


def test_a_batch_describes_its_messages() -> None:
    """Offsets with a gap, a tombstone and the timestamps come out as they went in."""
    records = [record(4, b"abc", timestamp=1_000), record(5, None, timestamp=1_001), record(9, b"de")]
    batch = Batch(("events", 2), records)
    assert len(batch) == 3
    assert batch.values == [b"abc", None, b"de"]
    assert batch.size_bytes == 5
    assert (batch.first_offset, batch.next_offset) == (4, 10)
    assert batch.append_ms().tolist() == [1_000, 1_001, 0]
    assert not batch.emitted


def test_a_batch_names_its_place() -> None:
    """In a log line a batch is its topic, partition and offsets."""
    assert str(Batch(("events", 2), [record(4), record(9)])) == "events[2] offsets 4 to 9"


def test_append_times_are_bounded() -> None:
    """In microseconds; a message without a time has a negative one, and no time overflows."""
    records = [record(1, timestamp=1_772_438_400_123), record(2, timestamp=-1), record(3, timestamp=2**62)]
    assert Batch(("events", 2), records).appended_us().tolist() == [
        1_772_438_400_123_000,
        -1_000,
        TIMESTAMP_MS_MAX * 1_000,
    ]
