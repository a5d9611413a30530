"""Messages that are no plain events, in the middle third of a run."""

from __future__ import annotations

from loadtest.load.holding import (
    AHEAD_COUNTED,
    CALM,
    DUPLICATES_COUNTED,
    LATE_COUNTED,
    LETTERS_COUNTED,
    UNHARMED,
    WATERMARK,
)
from loadtest.load.scenario import Scenario
from loadtest.load.streams import clock_skew, duplicate_storm, late_storm, poison_flood

STORMS = (
    Scenario(
        "late-storm",
        "30 % of the events are dated 1 to 48 hours back",
        (*CALM, LATE_COUNTED, WATERMARK),
        make=late_storm,
        asks_state=True,
    ),
    Scenario(
        "duplicate-storm",
        "three earlier events again with every event",
        (*CALM, DUPLICATES_COUNTED, UNHARMED),
        make=duplicate_storm,
        asks_good=True,
    ),
    Scenario(
        "poison-flood",
        "one message in three is none, broken in nine ways",
        (*CALM, LETTERS_COUNTED, UNHARMED),
        make=poison_flood,
        asks_good=True,
    ),
    Scenario(
        "clock-skew",
        "a tenth more events, by a clock that is two days ahead",
        (*CALM, AHEAD_COUNTED, WATERMARK, UNHARMED),
        make=clock_skew,
        asks_state=True,
        asks_good=True,
    ),
)
