"""Who is quiet, and until when."""

from __future__ import annotations

from fraudstream.engine.suppression import Suppression


def allows(suppression: Suppression, key: str, t_us: int, floor_us: int = 0) -> bool:
    """Tell a hit of a key if it is not quiet, then keep it quiet for ten."""
    if suppression.is_quiet((key,), t_us):
        return False
    suppression.told((key,), t_us, 10, floor_us)
    return True


def test_a_key_is_quiet_until_the_time_is_over() -> None:
    """Hits in between do not make it longer."""
    suppression = Suppression()
    told = [allows(suppression, "k", t) for t in (100, 105, 109, 110, 119, 120)]
    assert told == [True, False, False, True, False, True]


def test_a_late_alert_from_before_leaves_the_quiet_time_as_it_is() -> None:
    """Told itself, it neither ends nor moves what came after."""
    suppression = Suppression()
    assert [allows(suppression, "k", t) for t in (100, 80, 85, 105, 110)] == [True, True, True, False, True]


def test_keys_do_not_quiet_each_other() -> None:
    """Each has its own time."""
    suppression = Suppression()
    assert allows(suppression, "k", 0)
    assert allows(suppression, "l", 5)
    assert not allows(suppression, "k", 5)


def test_keys_that_are_no_longer_quiet_are_forgotten() -> None:
    """Of forty thousand keys each ten units, those of the last two times stay."""
    suppression = Suppression()
    for t in range(0, 100, 10):
        for number in range(40_000):
            assert allows(suppression, f"{t} {number}", t, floor_us=t)
    assert len(suppression._quiet_us) <= 120_000


def test_a_snapshot_goes_on_where_it_was_taken() -> None:
    """What was quiet is quiet, what was not is not."""
    before, after = Suppression(), Suppression()
    assert allows(before, "k", 100)
    after.restore(before.snapshot())
    assert [allows(after, "k", t) for t in (109, 110)] == [False, True]
