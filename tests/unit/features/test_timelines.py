"""Windows as drawn timelines: what an entity did before, as every event sees it."""

from __future__ import annotations

from fraudstream.features.catalogue import Limits
from tests.unit.features.drawn import check, feature


def test_an_event_at_the_far_edge_is_outside() -> None:
    """The window is (t - w, t]: what is exactly w old has left, what is one tick younger is in."""
    check(
        """
        at     0   9  10  11  20
        who    a   a   a   a   a
        ------------------------
        n      1   2   2   3   2
        """,
        n=feature("count", window=10),
    )


def test_an_event_sees_itself_unless_told_otherwise() -> None:
    """Without the current event the first of an entity counts none, and sums nothing."""
    check(
        """
        at     0   1   2
        who    a   a   b
        v      5   7   9
        ----------------
        n      0   1   0
        s      0   5   0
        m      .   5   .
        both   1   2   1
        """,
        n=feature("count", window=10, current=False),
        s=feature("sum", "v", window=10, current=False),
        m=feature("max", "v", window=10, current=False),
        both=feature("count", window=10),
    )


def test_events_of_the_same_instant_see_each_other_in_order_of_arrival() -> None:
    """Of a tie the second sees the first and itself, the first only itself; all leave together."""
    check(
        """
        at     5   5   5  15
        who    a   a   a   a
        --------------------
        n      1   2   3   1
        past   0   1   2   0
        """,
        n=feature("count", window=10),
        past=feature("count", window=10, current=False),
    )


def test_every_aggregate_forgets_what_has_left_the_window() -> None:
    """Count, sum, average, least, greatest and distinct hold the events inside the window alone."""
    check(
        """
        at     0   4   8  12  30
        who    a   a   a   a   a
        v      9   2   2   4   7
        ------------------------
        n      1   2   3   3   1
        s      9  11  13   8   7
        mean   9 5.5 4.33333 2.66667 7
        least  9   2   2   2   7
        most   9   9   9   4   7
        kinds  1   2   2   2   1
        """,
        n=feature("count", window=10),
        s=feature("sum", "v", window=10),
        mean=feature("avg", "v", window=10),
        least=feature("min", "v", window=10),
        most=feature("max", "v", window=10),
        kinds=feature("distinct", "v", window=10),
    )


def test_a_late_event_takes_its_place_in_event_time() -> None:
    """An event that arrives late sees what lay before its own time, and the next ones see it."""
    check(
        """
        at    10  20  12  21  19
        who    a   a   a   a   a
        v      1   2   4   8  16
        ------------------------
        s      1   2   5  14  21
        most   1   2   4   8  16
        prior  .   1   1   2   4
        """,
        s=feature("sum", "v", window=10),
        most=feature("max", "v", window=10),
        prior=feature("last", "v", current=False),
    )


def test_what_is_older_than_window_and_lateness_is_not_counted_at_all() -> None:
    """Beyond the longest window and the lateness an event has no features, and leaves no trace."""
    check(
        """
        at   100  85  84 100  90
        who    a   a   a   a   a
        ------------------------
        n      1   .   .   2   1
        """,
        lateness=5,
        n=feature("count", window=10),
    )


def test_distinct_counts_a_value_until_its_last_holder_leaves() -> None:
    """A value that occurs twice in the window stays one value when the first of the two leaves."""
    check(
        """
        at     0   5   8  12  16
        who    a   a   a   a   a
        payee  1   1   2   .   .
        ------------------------
        kinds  1   1   2   2   1
        """,
        kinds=feature("distinct", "payee", window=10),
    )


def test_where_and_missing_values_keep_an_event_out() -> None:
    """Only events that meet the condition and have a value count; the others still read."""
    check(
        """
        at     0   1   2   3
        who    a   a   a   a
        cash   x   .   x   .
        v      3   5   .   7
        --------------------
        n      1   1   2   2
        s      3   3   3   3
        all    3   8   8  15
        """,
        n=feature("count", where="cash", window=10),
        s=feature("sum", "v", where="cash", window=10),
        all=feature("sum", "v", window=10),
    )


def test_inflow_is_counted_under_the_payee_and_read_by_the_payer() -> None:
    """With `for`, an account's outgoing payment sees what came in to that same account."""
    check(
        """
        at     0   1   2   3  10
        from   a   b   c   b   b
        to     b   c   b   a   a
        v      5   1   7   2   3
        ------------------------
        inflow 0   5   1  12   7
        """,
        inflow=feature("sum", "v", by="to", read_by="from", window=10),
    )


def test_an_entity_with_a_composite_key_is_the_combination() -> None:
    """Events are counted per pair, and an event that lacks one of the two has no feature."""
    check(
        """
        at     0   1   2   3   4
        who    a   a   b   a   .
        shop   s   t   s   s   s
        ------------------------
        n      1   1   1   2   .
        """,
        n=feature("count", by=("who", "shop"), window=10),
    )


def test_a_missing_key_is_unknown_and_counts_for_nobody() -> None:
    """An event without the key reads nothing, not even zero, and does not count elsewhere."""
    check(
        """
        at     0   1   2
        who    a   .   a
        ----------------
        n      1   .   2
        since  .   .   2
        """,
        n=feature("count", window=10),
        since=feature("time_since_last", current=False),
    )


def test_last_is_the_newest_in_event_time_and_the_later_arrival_of_a_tie() -> None:
    """Last looks at times, not arrivals; of equal times the one that came later counts."""
    check(
        """
        at     1   5   5   3   6
        who    a   a   a   a   a
        v      1   2   3   4   5
        ------------------------
        prior  .   1   2   1   3
        since  .   4   0   2   1
        """,
        prior=feature("last", "v", current=False),
        since=feature("time_since_last", current=False),
    )


def test_last_within_a_window_is_unknown_once_it_is_too_old() -> None:
    """A last event exactly one window ago is no longer known; without a window it always is."""
    check(
        """
        at     0   9  19  29
        who    a   a   a   a
        v      1   2   3   4
        --------------------
        near   .   1   .   .
        ever   .   1   2   3
        """,
        near=feature("last", "v", window=10, current=False),
        ever=feature("last", "v", current=False),
    )


def test_first_seen_moves_back_when_an_earlier_event_arrives() -> None:
    """First seen is the earliest time that counts, and never forgotten."""
    check(
        """
        at    10   7  12 900
        who    a   a   a   a
        --------------------
        first 10   7   7   7
        since  0   0   5 893
        """,
        first=feature("first_seen"),
        since=feature("time_since_first"),
    )


def test_first_seen_without_the_current_event_is_unknown_at_the_first() -> None:
    """The very first event of an entity has no past."""
    check(
        """
        at    10  12  12
        who    a   a   b
        ----------------
        first  .  10   .
        """,
        first=feature("first_seen", current=False),
    )


def test_entities_do_not_mix() -> None:
    """Two entities with interleaved events have windows of their own."""
    check(
        """
        at     0   1   2   3  11
        who    a   b   a   b   a
        v      1  10   2  20   4
        ------------------------
        s      1  10   3  30   6
        """,
        s=feature("sum", "v", window=10),
    )


def test_windows_of_one_entity_have_their_own_length() -> None:
    """A short and a long window over the same events do not disturb each other."""
    check(
        """
        at     0   3   6   9  12
        who    a   a   a   a   a
        v      1   2   4   8  16
        ------------------------
        short  1   2   4   8  16
        long   1   3   7  14  28
        """,
        short=feature("sum", "v", window=3),
        long=feature("sum", "v", window=9),
    )


def test_a_window_with_an_offset_ends_in_the_past() -> None:
    """It holds what happened one offset ago and a window before that, ties at its end included."""
    check(
        """
        at     0   3   5   8  10  13  30
        who    a   a   a   a   a   a   a
        v      1   2   4   8  16  32  64
        --------------------------------
        s      0   0   1   3   6  12   0
        most   .   .   1   2   4   8   .
        """,
        s=feature("sum", "v", window=5, offset=5),
        most=feature("max", "v", window=5, offset=5),
    )


def test_the_window_of_a_late_event_may_lie_behind_all_that_is_kept() -> None:
    """A late event whose whole window lies behind the horizon sees nothing, and disturbs no later one."""
    check(
        """
        at     5  20  10  21  11  32
        who    a   a   a   a   a   a
        v      1   2   4   8  16  32
        ----------------------------
        s      0   0   0   4   0   8
        middle .   .   .   4   .   8
        """,
        lateness=0,
        s=feature("sum", "v", window=2, offset=10),
        middle=feature("median", "v", window=2, offset=10),
    )


def test_with_an_offset_the_window_ends_before_the_event() -> None:
    """The window is (t - offset - w, t - offset]: the event is never inside, nor is what is too recent."""
    check(
        """
        at     0   4  10  14  15  24
        who    a   a   a   a   a   a
        v      1   2   4   8  16  32
        ----------------------------
        s      0   0   1   3   3  12
        most   .   .   1   2   2   8
        """,
        s=feature("sum", "v", window=10, offset=10),
        most=feature("max", "v", window=10, offset=10),
    )


def test_a_spread_needs_two_events_and_an_average_that_is_not_zero() -> None:
    """Deviation is that of a sample; ratio and z-score compare the event with those before it."""
    check(
        """
        at     0   1   2   3   4  30
        who    a   a   a   a   a   a
        v      2   4   4   .  12   1
        ----------------------------
        sd     . 1.41421 1.1547 1.1547 4.43471 .
        r      .   2 1.33333 . 3.6   .
        z      .   .  0.707107 . 7.50555 .
        """,
        sd=feature("stddev", "v", window=10),
        r=feature("ratio", "v", window=10, current=False),
        z=feature("zscore", "v", window=10, current=False),
    )


def test_a_median_is_the_lower_one_by_buckets() -> None:
    """Below 67 each number is its own bucket; from there on, the middle of the bucket stands for it."""
    check(
        """
        at     0   1   2   3    4   11   13
        who    a   a   a   a    a    a    a
        v      9   1   5   7 1000 1000 1000
        -----------------------------------
        mid    9   1   5   5    7    7  998
        """,
        mid=feature("median", "v", window=10),
    )


def test_floats_are_summed_in_millionths() -> None:
    """A float that entered and left leaves no trace; extremes keep all its digits."""
    check(
        """
        at     0   1   2  11
        who    a   a   a   a
        f    0.1 0.2 0.0000004 3
        ------------------------
        s    0.1 0.3 0.3   3
        least 0.1 0.1 4e-07 4e-07
        """,
        s=feature("sum", "f", window=10),
        least=feature("min", "f", window=10),
    )


def test_a_long_window_counts_by_panes() -> None:
    """With 640 ticks a pane has ten: an event counts until its whole pane is older than the window."""
    check(
        """
        at     5   9 640 649 650 651
        who    a   a   a   a   a   a
        v      1   2   4   8  16  32
        ----------------------------
        n      1   2   3   4   3   4
        s      1   3   7  15  28  60
        most   1   2   4   8  16  32
        kinds  1   2   3   4   3   4
        """,
        limits=Limits(5, exact_us=100),
        n=feature("count", window=640),
        s=feature("sum", "v", window=640),
        most=feature("max", "v", window=640),
        kinds=feature("distinct", "v", window=640),
    )


def test_what_has_no_window_is_forgotten_after_long_idleness() -> None:
    """First and last are unknown once nothing happened for longer than `ever`; the first begins anew."""
    check(
        """
        at     0 100 201 202
        who    a   a   a   a
        --------------------
        first  0   0 201 201
        prior  . 100   .   1
        """,
        limits=Limits(5, ever_us=100),
        first=feature("first_seen"),
        prior=feature("time_since_last", current=False),
    )
