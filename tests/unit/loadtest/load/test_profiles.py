"""Rates over time give the right numbers of messages."""

from __future__ import annotations

import pytest

from loadtest.load.profiles import BURST, RAMP, STEADY, Profile


@pytest.mark.parametrize(
    ("profile", "seconds", "events"),
    [
        (STEADY, 0, 0),
        (STEADY, 10, 1_000),
        (STEADY, 25, 2_500),
        (RAMP, 20, 2_100),
        (RAMP, 10, 575),
        (BURST, 6, 600),
        (BURST, 7, 1_600),
        (BURST, 8, 2_600),
        (BURST, 20, 3_800),
    ],
)
def test_due_is_the_area_under_the_rate(profile: Profile, seconds: float, events: float) -> None:
    """In a run of 20 s at 100 messages/s, jumps, slopes and what is behind the end included."""
    assert profile.due(seconds, 20, 100) == pytest.approx(events)


@pytest.mark.parametrize("profile", [STEADY, RAMP, BURST])
def test_due_grows_by_the_factor(profile: Profile) -> None:
    """The rate that is told of a moment is the one at which messages become due then."""
    for share in (0.05, 0.25, 0.35, 0.75, 1.5):
        grown = profile.due(share + 1e-6, 1, 1) - profile.due(share, 1, 1)
        assert grown == pytest.approx(1e-6 * profile.factor(share), rel=1e-3)
