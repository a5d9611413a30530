"""The typology stage: hits of several rules, of one event or of an entity's window, add up to one score."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from fraudstream.events.batch import EventBatch
from fraudstream.rules.typologies import Typologies, TypologyBand, TypologyScore

Key = tuple[str, ...]
_SWEEP_AT = 100_000


class Contributor(NamedTuple):
    """A rule that counts in a score: by which weight, and the newest event that earned it."""

    rule: str
    band: str | None
    weight: int
    event_id: str
    time_us: int


class Pattern(NamedTuple):
    """A typology whose score lies in one of its bands at an event."""

    typology: str
    score: int
    band: TypologyBand
    contributors: list[Contributor]


@dataclass
class _Hits:
    """The events of one entity at which one weight was earned, by time, and of equal times by arrival."""

    time_us: list[int] = field(default_factory=list)
    event_ids: list[str] = field(default_factory=list)

    def forget(self, floor_us: int) -> None:
        """Forget the events at or before `floor_us`."""
        old = bisect_right(self.time_us, floor_us)
        del self.time_us[:old], self.event_ids[:old]

    def add(self, time_us: int, event_id: str, floor_us: int) -> None:
        """Add an event, and forget those at or before `floor_us`."""
        self.forget(floor_us)
        place = bisect_right(self.time_us, time_us)
        self.time_us.insert(place, time_us)
        self.event_ids.insert(place, event_id)

    def newest(self, after_us: int, until_us: int) -> tuple[int, str] | None:
        """Return time and id of the newest event in `(after_us, until_us]`, None where there is none."""
        place = bisect_right(self.time_us, until_us) - 1
        if place < 0 or self.time_us[place] <= after_us:
            return None
        return self.time_us[place], self.event_ids[place]


_Memory = dict[Key, dict[str, _Hits]]
"""The hits of one typology, by the texts of its key and by weight."""


class TypologyStage:
    """Adds up the hits of weighted rules, and remembers those that count over an entity's window."""

    def __init__(self, typologies: Typologies, lateness_us: int) -> None:
        self._scores: dict[str, TypologyScore] = dict(typologies.scored)
        self._lateness_us = lateness_us
        self._memory: dict[str, _Memory] = {
            name: {} for name, score in self._scores.items() if score.over is not None
        }
        self._sweep_at = _SWEEP_AT
        self.of_weight: Mapping[str, Sequence[str]] = _by_weight(self._scores)
        """The typologies in which a weight, `RULE` or `RULE.band`, counts."""

    def patterns(
        self, batch: EventBatch, event: int, earned: Sequence[str], watermark_us: int
    ) -> list[Pattern]:
        """Return the typologies whose score lies in a band at an event that earns some weights."""
        self._sweep(watermark_us)
        found = []
        for name in dict.fromkeys(name for weight in earned for name in self.of_weight[weight]):
            score = self._scores[name]
            now = [weight for weight in earned if weight in score.weights]
            contributors = self._contributors(name, score, batch, event, now, watermark_us)
            total = sum(each.weight for each in contributors)
            band = next((band for band in reversed(score.bands) if band.from_ <= total), None)
            if band is not None and (band.to is None or total < band.to):
                found.append(Pattern(name, total, band, contributors))
        return found

    def _contributors(
        self,
        name: str,
        score: TypologyScore,
        batch: EventBatch,
        event: int,
        now: Sequence[str],
        watermark_us: int,
    ) -> list[Contributor]:
        """Return the rules that count in a score, in the order of its weights."""
        time_us, event_id = int(batch.time_us[event]), batch.ids.text(event)
        if score.over is None:
            return _each_rule_once(score, dict.fromkeys(now, (time_us, event_id)))
        key = tuple(batch.text(column, event) or "" for column in score.over.by)
        if "" in key:
            return []
        window_us = score.over.window
        floor_us = watermark_us - window_us - self._lateness_us
        hits = self._memory[name].setdefault(key, {})
        for weight in now:
            hits.setdefault(weight, _Hits()).add(time_us, event_id, floor_us)
        after_us = max(time_us - window_us, floor_us)
        known = {weight: each.newest(after_us, time_us) for weight, each in hits.items()}
        # An event too old to be remembered still counts itself.
        known.update(dict.fromkeys(now, (time_us, event_id)))
        return _each_rule_once(score, {weight: hit for weight, hit in known.items() if hit is not None})

    def forget(self, watermark_us: int) -> None:
        """Forget the hits that no event can read any more.

        A reload does so, so that it does not depend on chance what a longer window finds.
        """
        for name, entities in self._memory.items():
            over = self._scores[name].over
            assert over is not None
            floor_us = watermark_us - over.window - self._lateness_us
            for hits in entities.values():
                for each in hits.values():
                    each.forget(floor_us)
            self._memory[name] = {
                key: hits for key, hits in entities.items() if any(each.time_us for each in hits.values())
            }

    def _sweep(self, watermark_us: int) -> None:
        """Forget what is too old, once there are many entities."""
        if sum(map(len, self._memory.values())) <= self._sweep_at:
            return
        self.forget(watermark_us)
        self._sweep_at = max(_SWEEP_AT, 2 * sum(map(len, self._memory.values())))

    def snapshot(self) -> dict[str, bytes | int]:
        """Return the whole state."""
        hits = [
            [name, self._columns(name), key, weight, each.time_us, each.event_ids]
            for name, entities in self._memory.items()
            for key, weights in entities.items()
            for weight, each in weights.items()
        ]
        return {"hits": orjson.dumps(hits), "sweep_at": self._sweep_at}

    def restore(self, state: Mapping[str, bytes | int]) -> None:
        """Go on from a snapshot, also from that of an earlier ruleset, with the typologies that both have."""
        for name, columns, key, weight, time_us, event_ids in orjson.loads(state["hits"]):  # type: ignore[arg-type]
            if name in self._memory and self._columns(name) == columns:
                self._memory[name].setdefault(tuple(key), {})[weight] = _Hits(time_us, event_ids)
        self._sweep_at = int(state["sweep_at"])

    def _columns(self, name: str) -> list[str]:
        over = self._scores[name].over
        return [] if over is None else list(over.by)


def _by_weight(scores: Mapping[str, TypologyScore]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name, score in scores.items():
        for weight in score.weights:
            found[weight].append(name)
    return dict(found)


def _each_rule_once(score: TypologyScore, hits: Mapping[str, tuple[int, str]]) -> list[Contributor]:
    """Return of each rule that hit its largest weight."""
    largest: dict[str, Contributor] = {}
    for weight, value in score.weights.items():
        if weight in hits:
            rule, _, band = weight.partition(".")
            if rule not in largest or value > largest[rule].weight:
                time_us, event_id = hits[weight]
                largest[rule] = Contributor(rule, band or None, value, event_id, time_us)
    return list(largest.values())
