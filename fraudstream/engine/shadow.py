"""The shadow stage: what would be told, and decided, if the rules were live that are shadow for an event."""

from __future__ import annotations

from collections.abc import Mapping

from fraudstream.engine.actions import ACTIONS
from fraudstream.engine.alerting import Alerting, Judged
from fraudstream.engine.allow_lists import AllowLists
from fraudstream.engine.deciding import Verdict
from fraudstream.engine.privacy.policy import Privacy
from fraudstream.engine.result import Shadow
from fraudstream.engine.telling import Told
from fraudstream.rules.binding import Bound


class ShadowStage:
    """Tells of shadow rules as if they, and only they, were live: bands, quiet keys, budgets and allow-lists.

    What it remembers of them has no part in what live rules tell, nor the other way round. It writes the
    alerts only where they are read.
    """

    def __init__(self, bound: Bound, lateness_us: int, privacy: Privacy, *, writes: bool) -> None:
        self._alerting = Alerting(bound, lateness_us, privacy=privacy, shadow=True)
        self._allow_lists = AllowLists(bound.ruleset)
        self._writes = writes

    def run(self, judged: Judged) -> Shadow:
        """Return what came of the shadow rules of a batch."""
        found, _ = self._alerting.told(judged.decided.shadow, judged)
        shadow = Shadow(self._alerting.written(found, judged) if self._writes else [])
        for each in found:
            if isinstance(each, Told):
                row = int(judged.batch.row[each.verdict.event])
                shadow.told.extend((row, hit.hit.bound.rule.id) for hit in each.hits)
        for verdict in judged.decided.shadow:
            self._count_changes(verdict, judged, shadow)
        return shadow

    def _count_changes(self, verdict: Verdict, judged: Judged, shadow: Shadow) -> None:
        """Count a decision that shadow rules would make graver; they could make none milder."""
        event, batch = verdict.event, judged.batch
        live = int(judged.decided.action[event])
        if verdict.rank <= live:
            return
        shadow.decisions[ACTIONS[live], ACTIONS[verdict.rank]] += 1
        for hit in verdict.hits:
            rule = hit.bound.rule
            rank, _ = self._allow_lists.capped(batch, event, [(hit.rank, rule.spec.typology)])
            if rank > live:
                shadow.changes[rule.id] += 1

    def snapshot(self) -> dict[str, bytes | int]:
        """Return what is remembered of earlier hits."""
        return self._alerting.snapshot()

    def restore(self, state: Mapping[str, bytes | int]) -> None:
        """Go on from a snapshot, also from that of an earlier ruleset."""
        self._alerting.restore(state)
