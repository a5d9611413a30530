"""What an engine holds in memory, feature by feature."""

from __future__ import annotations

from collections import ChainMap, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from fraudstream.engine.features import FeatureStage
from fraudstream.engine.watermark import NEVER_US
from fraudstream.features.catalogue import Feature
from fraudstream.features.stats import FeatureStats
from fraudstream.rules.binding import Bound
from fraudstream.scorers.performance import Skill


@dataclass(frozen=True)
class FeatureReport:
    """One feature: by which names (`RULE-ID.name`, of all rules that have it), and what it takes."""

    names: tuple[str, ...]
    feature: Feature
    generation: int
    stats: FeatureStats


@dataclass(frozen=True)
class EngineStats:
    """The memory of an engine; the log holds the events of the exact windows."""

    features: tuple[FeatureReport, ...]
    log_events: int
    log_bytes: int
    texts: int
    text_bytes: int
    id_bytes: int
    warming: int = 0
    """How many shards judge with an incomplete past."""
    skills: Mapping[str, Skill] = field(default_factory=dict)
    """What each model is worth by the labels so far; of a single engine."""
    resting: Mapping[str, bool] = field(default_factory=dict)
    """Which models have drifted and leave the events to the rules; of a single engine or a last stage."""
    watermark_us: int = NEVER_US
    """The greatest event time so far, `NEVER_US` before the first event and in shares."""
    entities_forgotten: int = 0
    """How many entities no window could reach any more, since the ruleset was loaded."""
    events_forgotten: int = 0
    """Likewise how many events of the log."""

    @property
    def feature_bytes(self) -> float:
        """What all features hold beyond the log."""
        return sum(each.stats.bytes for each in self.features)


def together(several: Sequence[EngineStats]) -> EngineStats:
    """Return what several stages hold in one process; features that some of them share are counted once."""
    features: dict[tuple[str, ...], FeatureReport] = {}
    for each in (report for stats in several for report in stats.features):
        known = features.get(each.names)
        held = each.stats if known is None else each.stats.plus(known.stats)
        features[each.names] = replace(each, stats=held)
    return EngineStats(
        tuple(features.values()),
        sum(stats.log_events for stats in several),
        sum(stats.log_bytes for stats in several),
        sum(stats.texts for stats in several),
        sum(stats.text_bytes for stats in several),
        sum(stats.id_bytes for stats in several),
        sum(stats.warming for stats in several),
        dict(ChainMap(*(dict(stats.skills) for stats in several))),
        dict(ChainMap(*(dict(stats.resting) for stats in several))),
        max(stats.watermark_us for stats in several),
        sum(stats.entities_forgotten for stats in several),
        sum(stats.events_forgotten for stats in several),
    )


def report(bound: Bound, stage: FeatureStage) -> tuple[list[FeatureReport], int, int]:
    """Return the features of a ruleset, and the events and bytes of all logs."""
    stores = [store.stats() for store in stage.stores]
    names = _names(bound)
    features = [
        FeatureReport(tuple(names[index]), feature, generation, stores[generation].features[place])
        for index, (feature, (generation, place)) in enumerate(zip(bound.features, stage.places, strict=True))
    ]
    return features, sum(each.log_events for each in stores), sum(each.log_bytes for each in stores)


def forgotten(stage: FeatureStage) -> tuple[int, int]:
    """Return how many entities and how many events the stores of a stage have let go of."""
    stores = stage.stores
    return sum(each.entities_forgotten for each in stores), sum(each.events_forgotten for each in stores)


def _names(bound: Bound) -> dict[int, list[str]]:
    numbers = {feature: index for index, feature in enumerate(bound.features)}
    names: dict[int, list[str]] = defaultdict(list)
    for rule in (each.rule for each in bound.rules):
        for name, spec in rule.spec.features.items():
            names[numbers[spec.feature(rule.where[name])]].append(f"{rule.id}.{name}")
    for model in (each.model for each in bound.models):
        for name, spec in model.spec.windows.items():
            names[numbers[spec.feature(model.where[name])]].append(f"{model.spec.id}.{name}")
    return names
