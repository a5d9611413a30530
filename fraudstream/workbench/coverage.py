"""What a ruleset leaves open: crime patterns without a live rule, and rules that are idle or twins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.alerting import Judged
from fraudstream.engine.step import Engine, Settings
from fraudstream.rules.binding import Bound
from fraudstream.rules.ruleset import Ruleset
from fraudstream.rules.schema import Status
from fraudstream.workbench.arrivals import fold

COVERAGE_SCHEMA = "fraudstream.coverage/v1"


@dataclass(frozen=True)
class Fired:
    """How often rules fired on history; `together` int64 [rules, rules] counts the events of both."""

    events: int
    rule_ids: tuple[str, ...]
    together: NDArray[np.int64]

    @property
    def hits(self) -> dict[str, int]:
        """The hits of each rule."""
        return dict(zip(self.rule_ids, self.together.diagonal().tolist(), strict=True))

    @property
    def never(self) -> list[str]:
        """The rules that fired on no event."""
        return [rule for rule, hits in self.hits.items() if not hits]

    @property
    def twins(self) -> list[list[str]]:
        """Groups of rules that fired on the very same events."""
        alike = self._only_with() & self._only_with().T
        groups = {tuple(np.flatnonzero(row).tolist()) for row in alike if np.count_nonzero(row) > 1}
        return [[self.rule_ids[rule] for rule in group] for group in sorted(groups)]

    @property
    def implied(self) -> list[tuple[str, str]]:
        """Pairs of a rule and one without which it never fired, but which also fired alone."""
        only = self._only_with()
        pairs = np.argwhere(only & ~only.T).tolist()
        return [(self.rule_ids[rule], self.rule_ids[other]) for rule, other in pairs]

    def _only_with(self) -> NDArray[np.bool_]:
        """Return where a rule (row) fired, and only on events on which another (column) did."""
        own = self.together.diagonal()
        found: NDArray[np.bool_] = (self.together == own[:, None]) & (own > 0)[:, None]
        return found


@dataclass(frozen=True)
class Coverage:
    """The live rules of each typology, and what fired where history was given."""

    live_rules: Mapping[str, tuple[str, ...]]
    fired: Fired | None = None

    @property
    def open(self) -> list[str]:
        """The typologies that no live rule looks for."""
        return [name for name, rules in self.live_rules.items() if not rules]

    def as_json(self) -> dict[str, Any]:
        """Return the coverage as plain data, schema `fraudstream.coverage/v1`."""
        fired = self.fired
        return {
            "schema": COVERAGE_SCHEMA,
            "typologies": {name: list(rules) for name, rules in self.live_rules.items()},
            "without_live_rule": self.open,
            "fired": fired
            and {
                "events": fired.events,
                "hits": fired.hits,
                "never": fired.never,
                "same_events": fired.twins,
                "only_with": [{"rule": rule, "with": other} for rule, other in fired.implied],
            },
        }


def coverage(
    ruleset: Ruleset, settings: Settings, history: Iterable[Sequence[bytes | None]] | None = None
) -> Coverage:
    """Return what a ruleset leaves open, with what fired where history is given; it is folded once."""
    live = {name: tuple(_live_rules(ruleset, name)) for name in ruleset.typologies.typologies}
    if history is None:
        return Coverage(live)
    counter = _Counter()
    engine = Engine(ruleset, settings, witness=counter)
    for messages in history:
        fold(engine, messages)
    together = counter.together if len(counter.together) else np.zeros((len(engine.rule_ids),) * 2, np.int64)
    return Coverage(live, Fired(counter.events, engine.rule_ids, together))


def _live_rules(ruleset: Ruleset, typology: str) -> Iterator[str]:
    """Yield the live rules that name a typology, or whose hits count in its score."""
    score = ruleset.typologies.typologies[typology].score
    weighted = {name.partition(".")[0] for name in score.weights} if score else set()
    for rule in ruleset.rules:
        if rule.spec.status is Status.LIVE and (rule.spec.typology == typology or rule.id in weighted):
            yield rule.id


class _Counter:
    """Counts on how many events each two rules fired."""

    def __init__(self) -> None:
        self.events = 0
        self.together = np.zeros((0, 0), np.int64)

    def __call__(self, _: Bound, judged: Judged) -> None:
        self.events += len(judged.batch)
        if not len(self.together):
            self.together = np.zeros((len(judged.hits),) * 2, np.int64)
        hit = judged.hits[:, judged.hits.any(axis=0)].astype(np.float64)
        # Counts of a batch are exact as floats, which are multiplied many times faster than whole numbers.
        self.together += (hit @ hit.T).astype(np.int64)
