"""From a ruleset to figures: which rules and models are in force, and what they cost."""

from __future__ import annotations

import hashlib
from collections import Counter as Tally
from typing import TYPE_CHECKING

from fraudstream.rules.costs import costs
from fraudstream.rules.schema import Status
from fraudstream.scorers.watched import PERFORMANCE, SCORE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fraudstream.rules.ruleset import Model, Rule, Ruleset
    from fraudstream.telemetry.bounded import Values
    from fraudstream.telemetry.metrics import Metrics

VERSION_CHARS = 16


class RulesetRecorder:
    """Records the ruleset in force, and the fate of others."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._changes = {each: metrics.rules.changes.labels(each) for each in ("loaded", "refused")}

    def show(self, ruleset: Ruleset, bundle: int | None) -> None:
        """Show a ruleset as the one in force."""
        rules, running = self._metrics.rules, [rule for rule in ruleset.rules if rule.runs]
        rules.ruleset.show({(ruleset.version, str(len(running)), "" if bundle is None else str(bundle)): 1})
        rules.loaded_at.set_to_current_time()
        rules.stale.set(0)
        rules.rules.show({(str(each),): n for each, n in Tally(r.spec.status for r in ruleset.rules).items()})
        rules.outcomes.begin({rule.id: str(rule.spec.status) for rule in running})
        budgets = _budgets(ruleset)
        rules.budget.show(budgets)
        rules.held_back.begin(budgets)
        self._begin(ruleset, running)
        # A quarter of a millisecond a rule: not for the thread that judges.
        rules.cost_share.show_later(lambda: cost_shares(ruleset))
        self._metrics.models.model.show({_model(each): 1 for each in ruleset.models})

    def _begin(self, ruleset: Ruleset, running: Sequence[Rule]) -> None:
        """Have the counters of a ruleset stand at zero."""
        metrics = self._metrics
        metrics.rules.band_hits.begin(
            (rule.id, str(outcome.band))
            for rule in running
            if rule.spec.bands is not None
            for outcome in rule.spec.outcomes
        )
        on_trial = [
            (rule.id,)
            for rule in running
            if rule.spec.status is not Status.LIVE or rule.spec.rollout is not None
        ]
        metrics.shadow.alerts.begin(on_trial)
        metrics.shadow.changes.begin(on_trial)
        metrics.traffic.allowed.begin((entry.list_,) for entry in ruleset.actions.allow_lists)
        metrics.models.drifts.begin(
            (model.spec.id, what)
            for model in ruleset.models
            for what in (*model.spec.features, SCORE, PERFORMANCE)
        )

    def loaded(self, ruleset: Ruleset, bundle: int | None) -> None:
        """Count a changed ruleset that is taken up."""
        self._changes["loaded"].inc()
        self.show(ruleset, bundle)

    def refused(self, reason: str) -> None:
        """Count a changed ruleset that is refused."""
        self._changes["refused"].inc()
        self._metrics.rules.refusals.inc(1, reason)
        self._metrics.rules.stale.set(1)


def _budgets(ruleset: Ruleset) -> Values:
    default = ruleset.actions.alerts_per_hour_max
    budgets = {
        (rule.id,): rule.spec.then.alerts_per_hour_max or default for rule in ruleset.rules if rule.runs
    }
    return {rule: budget for rule, budget in budgets.items() if budget is not None}


def cost_shares(ruleset: Ruleset) -> Values:
    """Return the share of each rule that runs in the cost of all, by its text; see `rules/costs.py`."""
    found = costs([rule for rule in ruleset.rules if rule.runs])
    total = sum(cost.units for cost in found)
    return {(cost.rule.id,): cost.units / total for cost in found}


def _model(model: Model) -> tuple[str, str, str]:
    """Return id, kind and version of a model: a hash of what its file says, and of what it starts with."""
    start = "" if model.start is None else model.start.digest
    text = model.spec.model_dump_json() + start
    version = hashlib.sha256(text.encode()).hexdigest()[:VERSION_CHARS]
    estimator = model.spec.estimator
    kind = str(estimator.get("kind", "")) if isinstance(estimator, dict) else ""
    return model.spec.id, kind, version
