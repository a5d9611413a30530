"""Traffic about one entity, and about ever new ones."""

from __future__ import annotations

from loadtest.load.holding import CALM, ENTITIES_BOUNDED, EVICTED
from loadtest.load.scenario import Scenario
from loadtest.load.streams import entity_flood, hot_key

KEYS = (
    Scenario("hot-key", "half of all events name the same customer, card and shop", CALM, make=hot_key),
    Scenario(
        "entity-flood",
        "six new entities with eight of ten events, 2,000 days of event time",
        (*CALM, ENTITIES_BOUNDED, EVICTED),
        make=entity_flood,
        asks_state=True,
    ),
)
