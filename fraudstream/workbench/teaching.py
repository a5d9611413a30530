"""Which rules and models labels teach, and in words what was taught to them."""

from __future__ import annotations

from collections.abc import Iterator

from fraudstream.engine.models import spec_of
from fraudstream.rules.ruleset import Model, Ruleset
from fraudstream.workbench.lessons import Taught


def label_readers(ruleset: Ruleset) -> list[str]:
    """Return the rules and models that would say something else if other labels were taught."""
    rules = [
        rule.id
        for rule in ruleset.rules
        if rule.runs and any(spec.of_labels for spec in rule.spec.features.values())
    ]
    return [*rules, *(model.spec.id for model in ruleset.models if _reads_labels(model))]


def _reads_labels(model: Model) -> bool:
    spec = spec_of(model)
    # The scores of known frauds are watched for drift, and something may follow from it.
    follows = spec.learns_from_labels or spec.on_drift != "warn"
    return follows or any(each.of_labels for each in model.spec.windows.values())


def teaching_lines(readers: list[str], taught: Taught) -> Iterator[str]:
    """Yield what a reader must know of labels and of those who read them; nothing where nobody does."""
    if not readers:
        return
    names = ", ".join(readers)
    if not sum(taught[:-1]):
        remedy = "give known_at in the label file, or --label-delay, to teach labels in their time"
        yield f"labels would teach {names}, and none are taught here: {remedy}"
        return
    learned = f"{taught.fraud:,} frauds, {taught.genuine:,} genuine"
    yield f"labels taught to {names} when they were known: {learned}"
    others = {
        "repeated": taught.repeated,
        "too late for their events": taught.unknown,
        "not known before the history ends": taught.not_yet_known,
        "without a time": taught.not_dated,
    }
    left = [f"{number:,} {words}" for words, number in others.items() if number]
    if left:
        yield f"not taught: {', '.join(left)}"
