"""Parts of the evidence as the lines that terminal and page both show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fraudstream.events.money import EXPONENTS, factor, format_minor
from fraudstream.workbench.casefile.schema import EventPart, Evidence, Moment, Suppression, Value
from fraudstream.workbench.casefile.speaker import Speaker

AMOUNT_COLUMNS = ("amount", "currency")
"""What `amount_of` shows."""
_IN_A_LINE = (
    "debtor.id",
    "creditor.id",
    "creditor.account",
    "merchant.id",
    "card.id",
    "device.id",
    "employee.id",
)


def amount_of(event: EventPart) -> str:
    """Return the amount of an event with its currency, empty where it has none."""
    return _amount(event.values)


def _amount(values: list[Value]) -> str:
    found = {each.column: each.value for each in values}
    amount, currency = found.get("amount"), found.get("currency")
    if amount is None or currency not in EXPONENTS:
        return "" if amount is None else str(amount)
    return format_minor(round(float(amount) * factor(currency)), currency)


def value_text(value: Any) -> str:
    """Return a value as people read it."""
    return f"{value:,.6g}" if isinstance(value, float) else "" if value is None else str(value)


def moment_line(moment: Moment, speaker: Speaker) -> str:
    """Return what an event of the time line was, in one line; empty where it was not read."""
    if moment.values is None:
        return ""
    found = {each.column: each for each in moment.values}
    kind = [speaker.word("kind", found["kind"].value).text] if "kind" in found else []
    status = [str(found["status"].value)] if "status" in found else []
    parties = [f"{found[name].name} {found[name].value}" for name in _IN_A_LINE if name in found]
    return "  ".join(filter(None, [*kind, _amount(moment.values), *status, *parties]))


def key_text(phrase: str, found: Suppression, speaker: Speaker) -> str:
    """Say for whom a rule is quiet, and until when."""
    key = ", ".join(f"{column} {text}" for column, text in found.key.items())
    return speaker.say(phrase, key=key, until=found.until, span=found.for_)


def notes(told: Evidence, speaker: Speaker) -> Iterator[str]:
    """Yield what a reader must know before anything else."""
    if told.shadow:
        yield speaker.say("shadow")
    if told.late:
        yield speaker.say("late")
    if told.warming is not None:
        yield from told.warming.texts
    if (found := told.allowed_by) is not None:
        words = {"column": found.column, "list": found.list, "action": found.at_most.text}
        yield speaker.say("allowed_by", reason=found.reason, **words)


def held_back(told: Evidence, speaker: Speaker) -> Iterator[str]:
    """Yield for whom hits were held back, of a summary."""
    for each in () if told.hour is None else told.hour.keys:
        key = ", ".join(f"{column} {text}" for column, text in each["key"].items())
        yield speaker.say("held_back_key", key=key, held_back=each["held_back"])


def facts(told: Evidence, speaker: Speaker) -> Iterator[tuple[str, str]]:
    """Yield where the alert, its event and its rules come from."""
    source, versions = told.source, told.versions
    yield speaker.say("alert"), told.alert_id
    yield speaker.say("found_at"), source.alert
    if source.topic is None:
        yield speaker.say("source"), speaker.say("unknown")
    else:
        words = {"topic": source.topic, "partition": source.partition, "offset": source.offset}
        yield speaker.say("source"), speaker.say("source_text", **words)
    yield speaker.say("ruleset"), versions.ruleset
    other = "" if versions.is_exact or versions.texts_ruleset is None else f" ({versions.texts_ruleset})"
    yield speaker.say("texts_from"), f"{versions.texts_from or speaker.say('unknown')}{other}"
