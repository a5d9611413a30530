"""The alert budget: how many hits of a rule are told per hour, and what is said of the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

import orjson

HOUR_US = 3_600_000_000
KEYS_MAX = 10_000
"""How many keys of an hour are counted one by one; those that come later count in the sum only."""
TOP_KEYS = 10
_SWEEP_AT = 100_000
_NEVER_US = 2**62


@dataclass
class Overflow:
    """What a rule was held back from telling within one hour, which begins at `start_us` of event time.

    `rule` is what the summary says of the rule, `columns` are those of its keys, whose texts are joined in
    `keys` as JSON.
    """

    rule: dict[str, Any]
    start_us: int
    columns: Sequence[str]
    told: int = 0
    held_back: int = 0
    score_max: int = 0
    keys: dict[str, int] = field(default_factory=dict)

    def count(self, key: Sequence[str | None], score: int) -> None:
        """Count one hit that was held back."""
        self.held_back += 1
        self.score_max = max(self.score_max, score)
        text = orjson.dumps(key).decode()
        if None not in key and (text in self.keys or len(self.keys) < KEYS_MAX):
            self.keys[text] = self.keys.get(text, 0) + 1

    def top_keys(self) -> list[dict[str, Any]]:
        """Return the keys with the most hits held back, each by its columns."""
        ranked = sorted(self.keys.items(), key=lambda item: (-item[1], item[0]))
        return [
            {"key": dict(zip(self.columns, orjson.loads(text), strict=True)), "held_back": number}
            for text, number in islice(ranked, TOP_KEYS)
        ]


class Budget:
    """Counts per rule and clock hour of event time what was told, and gathers what was not."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, int], int] = {}
        self._open: dict[tuple[int, str], Overflow] = {}
        self._sweep_at = _SWEEP_AT
        self.next_us = _NEVER_US
        """When the watermark reaches this, at least one summary is due."""

    def admit(self, rule: str, t_us: int, at_most: int, floor_us: int) -> int | None:
        """Return how many hits are told within the hour, this one included; None where it may not be.

        Hours that ended at or before `floor_us`, which only late events could still meet, are forgotten when
        there are many.
        """
        hour = (rule, t_us // HOUR_US)
        told = self._told.get(hour, 0)
        if told >= at_most:
            return None
        self._told[hour] = told + 1
        if len(self._told) > self._sweep_at:
            self._told = {key: told for key, told in self._told.items() if (key[1] + 1) * HOUR_US > floor_us}
            self._sweep_at = max(_SWEEP_AT, 2 * len(self._told))
        return told + 1

    def overflow(
        self, rule: dict[str, Any], t_us: int, columns: Sequence[str], watermark_us: int
    ) -> Overflow | None:
        """Return where to count a hit that was held back, None where its hour is over already."""
        hour = t_us // HOUR_US
        end_us = (hour + 1) * HOUR_US
        if end_us <= watermark_us:
            return None
        place = (end_us, str(rule["id"]))
        if place not in self._open:
            self._open[place] = Overflow(rule, hour * HOUR_US, columns)
            self.next_us = min(self.next_us, end_us)
        return self._open[place]

    def due(self) -> list[Overflow]:
        """Take out what is to be summarised once the watermark has reached `next_us`, by rule."""
        due = sorted(place for place in self._open if place[0] == self.next_us)
        summaries = [self._open.pop(place) for place in due]
        for summary in summaries:
            summary.told = self._told.get((summary.rule["id"], summary.start_us // HOUR_US), 0)
        self.next_us = min((end_us for end_us, _ in self._open), default=_NEVER_US)
        return summaries

    def snapshot(self) -> dict[str, bytes | int]:
        """Return the whole state."""
        told = [[*hour, number] for hour, number in self._told.items()]
        open_ = [asdict(overflow) for overflow in self._open.values()]
        return {"told": orjson.dumps(told), "open": orjson.dumps(open_), "sweep_at": self._sweep_at}

    def restore(self, state: Mapping[str, bytes | int]) -> None:
        """Go on from a snapshot."""
        self._told = {(rule, hour): told for rule, hour, told in orjson.loads(state["told"])}  # type: ignore[arg-type]
        overflows = [Overflow(**saved) for saved in orjson.loads(state["open"])]  # type: ignore[arg-type]
        self._open = {(each.start_us + HOUR_US, each.rule["id"]): each for each in overflows}
        self._sweep_at = int(state["sweep_at"])
        self.next_us = min((end_us for end_us, _ in self._open), default=_NEVER_US)
