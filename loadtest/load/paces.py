"""The usual traffic at changing rates."""

from __future__ import annotations

from loadtest.load.holding import CALM, ONCE, WHOLE, back
from loadtest.load.profiles import BURST, BURST_END, RAMP
from loadtest.load.scenario import Scenario

PACES = (
    Scenario("steady", "the usual traffic at RATE", CALM),
    Scenario("ramp", "from a tenth of RATE to twice RATE", CALM, profile=RAMP),
    Scenario(
        "burst",
        "10 x RATE for a tenth of the time",
        (*WHOLE, ONCE, back(BURST_END)),
        profile=BURST,
    ),
)
