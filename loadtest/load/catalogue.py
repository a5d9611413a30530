"""All scenarios."""

from __future__ import annotations

from loadtest.load.hurts import HURTS
from loadtest.load.keys import KEYS
from loadtest.load.paces import PACES
from loadtest.load.scenario import Scenario
from loadtest.load.storms import STORMS

SCENARIOS: dict[str, Scenario] = {each.name: each for each in (*PACES, *KEYS, *STORMS, *HURTS)}
