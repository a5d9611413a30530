"""Who is quiet, and until when."""

from __future__ import annotations

from fraudstream.engine.suppression import Suppression


def test_a_key_is_quiet_until_the_time_is_over() -> None:
    """Hits in between do not make it longer."""
    suppression = Suppression()
    assert [suppression.allows("k", t, 10) for t in (100, 105, 109, 110, 119, 120)] == [
        True,
        False,
        False,
        True,
        False,
        True,
    ]


def test_keys_do_not_quiet_each_other() -> None:
    """Each has its own time."""
    suppression = Suppression()
    assert suppression.allows("k", 0, 10)
    assert suppression.allows("l", 5, 10)
    assert not suppression.allows("k", 5, 10)


def test_keys_that_are_no_longer_quiet_are_forgotten() -> None:
    """A hundred thousand keys a second for ten seconds leave the memory of one second or two."""
    suppression = Suppression()
    for t in range(10):
        for number in range(40_000):
            assert suppression.allows((t, number), t, 1)
    assert len(suppression._quiet_us) <= 120_000
