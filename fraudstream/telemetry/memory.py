"""From what the engine holds to figures, every few seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fraudstream.engine.watermark import NEVER_US

if TYPE_CHECKING:
    from fraudstream.engine.stats import EngineStats
    from fraudstream.telemetry.metrics import Metrics

MICROSECONDS = 1_000_000


class MemoryRecorder:
    """Records what the engine holds, and what it has let go of since the last time."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._forgotten: dict[str, int] = {}
        for what in ("entities", "events"):
            metrics.state.evictions.labels(what)

    def record(self, stats: EngineStats) -> None:
        """Record what the engine holds."""
        self._show_state(stats)
        self._show_features(stats)
        self._show_models(stats)
        self._count("entities", stats.entities_forgotten)
        self._count("events", stats.events_forgotten)

    def _show_state(self, stats: EngineStats) -> None:
        parts = {
            "features": stats.feature_bytes,
            "log": stats.log_bytes,
            "texts": stats.text_bytes,
            "ids": stats.id_bytes,
        }
        for part, held in parts.items():
            self._metrics.state.state_bytes.labels(part).set(held)
        self._metrics.state.log_events.set(stats.log_events)
        self._metrics.traffic.warming_shards.set(stats.warming)
        if stats.watermark_us > NEVER_US:
            self._metrics.state.watermark.set(stats.watermark_us / MICROSECONDS)

    def _show_features(self, stats: EngineStats) -> None:
        state = self._metrics.state
        state.feature_bytes.show({(each.names[0],): each.stats.bytes for each in stats.features})
        state.feature_entities.show({(each.names[0],): each.stats.entities for each in stats.features})
        warm = {(each.names[0],): each.stats.warm for each in stats.features}
        state.feature_warm.show({name: share for name, share in warm.items() if share is not None})

    def _show_models(self, stats: EngineStats) -> None:
        models = self._metrics.models
        models.resting.show({(model,): int(rests) for model, rests in stats.resting.items()})
        known = {
            model: (skill.auc, skill.recall_at_1pct)
            for model, skill in stats.skills.items()
            if skill.auc is not None and skill.recall_at_1pct is not None
        }
        models.auc.show({(model,): auc for model, (auc, _) in known.items()})
        models.recall.show({(model,): recall for model, (_, recall) in known.items()})

    def _count(self, what: str, forgotten: int) -> None:
        """Count what was forgotten since; another engine counts from zero."""
        before = self._forgotten.get(what, 0)
        self._forgotten[what] = forgotten
        since = forgotten - before if forgotten >= before else forgotten
        self._metrics.state.evictions.labels(what).inc(since)
