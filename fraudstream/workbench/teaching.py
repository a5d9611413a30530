"""What of a ruleset learns from labels: a fold over history without a labels topic teaches it nothing."""

from __future__ import annotations

from fraudstream.engine.models import spec_of
from fraudstream.rules.ruleset import Ruleset


def label_readers(ruleset: Ruleset) -> list[str]:
    """Return the rules and models that would say something else if labels were taught."""
    rules = [
        rule.id
        for rule in ruleset.rules
        if rule.runs and any(spec.of_labels for spec in rule.spec.features.values())
    ]
    models = [
        model.spec.id
        for model in ruleset.models
        if spec_of(model).learns_from_labels or any(spec.of_labels for spec in model.spec.windows.values())
    ]
    return [*rules, *models]
