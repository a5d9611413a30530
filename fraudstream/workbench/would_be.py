"""What shadow rules would have told: their hits through the engine's own combining and telling stages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.alerting import Judged
from fraudstream.engine.deciding import Decider
from fraudstream.engine.telling import Kept, Teller
from fraudstream.rules.binding import Bound, BoundRule
from fraudstream.rules.schema import Status


class WouldBe:
    """Tells for the shadow rules as if they, and only they, were live: bands, quiet keys, budgets and lists.

    They remember nothing that the live rules do, as each rule has quiet keys and a budget of its own. Scored
    typologies are left out: to which hits would add up is not what one rule would tell.
    """

    def __init__(self, bound: Bound, lateness_us: int) -> None:
        self.rows = [row for row, each in enumerate(bound.rules) if each.rule.spec.status is Status.SHADOW]
        rules = [_swapped(each) for each in bound.rules]
        typologies = bound.ruleset.typologies.without_scores()
        ruleset = replace(bound.ruleset, rules=tuple(each.rule for each in rules), typologies=typologies)
        self._row_of = {each.rule.id: row for row, each in enumerate(rules)}
        self._decider = Decider(replace(bound, ruleset=ruleset, rules=rules), lateness_us)
        self._teller = Teller(ruleset, lateness_us)

    def told(self, judged: Judged) -> NDArray[np.bool_]:
        """Return where each rule would have told, bool [rules, n]; nothing for live rules."""
        found = np.zeros(judged.hits.shape, np.bool_)
        if not self.rows:
            return found
        decided = self._decider.decide(judged.hits, judged.vectors, judged.batch, judged.tide)
        for verdict in decided.verdicts:
            self._forget(judged, verdict.event + 1)
            told = self._teller.told(verdict, judged.batch, judged.tide, Kept())
            for each in told.hits if told else ():
                found[self._row_of[each.hit.bound.rule.id], verdict.event] = True
        self._forget(judged, len(judged.batch))
        return found

    def _forget(self, judged: Judged, until: int) -> None:
        """Let the summaries go that are due: nobody reads them here."""
        for _ in self._teller.overflows(judged.tide, until):
            pass


def _swapped(bound: BoundRule) -> BoundRule:
    """Return a shadow rule as a live one, and a live one as a shadow."""
    spec = bound.rule.spec
    status = Status.LIVE if spec.status is Status.SHADOW else Status.SHADOW
    return replace(bound, rule=replace(bound.rule, spec=spec.model_copy(update={"status": status})))
