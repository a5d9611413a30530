"""Puts the evidence of an alert together: all that can be told of it, and what cannot, with why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fraudstream.engine.step import Settings
from fraudstream.workbench.casefile import schema
from fraudstream.workbench.casefile.alerts import FoundAlert
from fraudstream.workbench.casefile.at_hand import AtHand
from fraudstream.workbench.casefile.models import model_parts
from fraudstream.workbench.casefile.rebuilt import rebuilt
from fraudstream.workbench.casefile.rule_parts import RuleParts
from fraudstream.workbench.casefile.schema import Evidence, Word
from fraudstream.workbench.casefile.speaker import Speaker
from fraudstream.workbench.casefile.time_line import Read, flat, missing_of, time_line


class Past:
    """What was read of the past: events by id, or None where nothing was to be, and why some were not."""

    def __init__(self, events: Mapping[str, Read] | None = None, why: str = "") -> None:
        self.is_read = events is not None
        self.events: Mapping[str, Read] = events or {}
        self.why = why


def evidence(alert: FoundAlert, at_hand: AtHand, settings: Settings, past: Past, language: str) -> Evidence:
    """Return the evidence of an alert, or of a summary of hits held back, in a language of `LANGUAGES`."""
    speaker = Speaker.of(language, at_hand.ruleset)
    content = alert.content
    trees = {}
    if at_hand.ruleset is not None and not alert.is_summary:
        trees = rebuilt(at_hand.ruleset, settings, content)
    told = RuleParts(alert, at_hand, trees, speaker)
    rules = told.parts()
    models, of_models = model_parts(content.get("models", []), at_hand.ruleset, speaker)
    typologies = list(_typologies(content, at_hand, speaker))
    gaps = [
        *_of_rulesets(content, at_hand, speaker),
        *told.cannot_tell,
        *_of_events(alert, past, speaker),
        *of_models,
    ]
    return Evidence(
        language=language,
        alert_id=content["alert_id"],
        headline=_headline(alert, rules, typologies, speaker),
        shadow=content["shadow"],
        action=speaker.word("action", content["action"]) if "action" in content else None,
        score=content.get("score"),
        severity=speaker.word("severity", content.get("severity") or content["rule"]["severity"]),
        event=None if alert.is_summary else _event(content["event"], speaker),
        hour=_hour(content) if alert.is_summary else None,
        late=content.get("late", False),
        warming=_warming(content, speaker),
        allowed_by=_allowed(content, speaker),
        rules=rules,
        typologies=typologies,
        models=models,
        time_line=[] if alert.is_summary else time_line(content, past.events, speaker),
        source=_source(alert),
        versions=_versions(content, at_hand, speaker),
        cannot_tell=[*gaps, *_untranslated(speaker)],
    )


def _headline(
    alert: FoundAlert, rules: list[schema.RulePart], typologies: list[schema.TypologyPart], speaker: Speaker
) -> str:
    if alert.is_summary:
        return speaker.say("summary_title", title=rules[0].title)
    gravest = max(rules, key=lambda rule: rule.score or 0, default=None)
    return gravest.title if gravest is not None else typologies[0].reason


def _event(event: Mapping[str, Any], speaker: Speaker) -> schema.EventPart:
    columns = [speaker.column(name, value) for name, value in flat(event) if name != "kind"]
    return schema.EventPart(
        id=event["id"],
        kind=speaker.word("kind", event["kind"]),
        occurred_at=event["occurred_at"],
        values=columns,
    )


def _hour(content: Mapping[str, Any]) -> schema.Hour:
    named = ("told", "held_back", "score_max", "keys")
    return schema.Hour.model_validate({**content["hour"], **{name: content[name] for name in named}})


def _warming(content: Mapping[str, Any], speaker: Speaker) -> schema.WarmingPart | None:
    found = content.get("warming")
    if found is None:
        return None
    return schema.WarmingPart.model_validate({**found, "texts": list(_warming_texts(found, speaker))})


def _warming_texts(found: Mapping[str, Any], speaker: Speaker) -> Iterator[str]:
    """Yield what is missing, and which features are new."""
    if found["missing"] is not None:
        text = speaker.say(
            "warming",
            start=found["missing"]["from"] or speaker.say("ever"),
            end=found["missing"]["to"],
            until=found["until"] or speaker.say("never"),
        )
        yield text + (speaker.say("warming_rules", rules=", ".join(found["rules"])) if found["rules"] else "")
    for each in found["features"]:
        words = {"name": each["name"], "since": each["since"], "until": each["until"] or speaker.say("never")}
        share = "" if each["warm"] is None else speaker.say("warm_share", share=f"{each['warm']:.0%}")
        yield speaker.say("new_feature", **words) + share


def _allowed(content: Mapping[str, Any], speaker: Speaker) -> schema.AllowedPart | None:
    found = content.get("allowed_by")
    if found is None:
        return None
    return schema.AllowedPart(**{**found, "at_most": speaker.word("action", found["at_most"])})


def _typologies(
    content: Mapping[str, Any], at_hand: AtHand, speaker: Speaker
) -> Iterator[schema.TypologyPart]:
    """Yield the typologies that were scored; of the others the rules tell."""
    known = {} if at_hand.ruleset is None else at_hand.ruleset.typologies.typologies
    codes = {} if at_hand.ruleset is None else at_hand.ruleset.reason_codes.reason_codes
    for found in content.get("typologies", ()):
        if found["score"] is None:
            continue
        name, band = found["id"], found["band"]
        score = known[name].score if name in known else None
        places = [] if score is None else [each.from_ for each in score.bands]
        place = places.index(band["from"]) if band["from"] in places else -1
        yield schema.TypologyPart(
            id=name,
            title=speaker.typology(name, found["title"])[0],
            score=found["score"],
            band=f"{band['from']}-{'' if band['to'] is None else band['to']}",
            action=speaker.word("action", found["action"]),
            reason_code=speaker.reason_code(found["reason_code"], codes.get(found["reason_code"])),
            reason=speaker.band_reason(name, place, found["reason"]),
            rules=[
                schema.Weighed(rule=each["id"], **{key: each[key] for key in each if key != "id"})
                for each in found["rules"]
            ],
        )


def _source(alert: FoundAlert) -> schema.Source:
    origin = alert.origin
    if origin is None:
        return schema.Source(alert=alert.place, topic=None, partition=None, offset=None)
    return schema.Source(
        alert=alert.place, topic=origin.topic, partition=origin.partition, offset=origin.offset
    )


def _versions(content: Mapping[str, Any], at_hand: AtHand, speaker: Speaker) -> schema.Versions:
    place, ruleset = at_hand.place, at_hand.ruleset
    return schema.Versions(
        ruleset=content["ruleset_version"],
        texts_from=None if place is None else speaker.say(f"place.{place.kind}", place=place.name),
        texts_ruleset=None if ruleset is None else ruleset.version,
        is_exact=at_hand.is_exact,
    )


def _of_rulesets(content: Mapping[str, Any], at_hand: AtHand, speaker: Speaker) -> Iterator[Word]:
    """Yield what is not known because the very ruleset is not at hand."""
    if at_hand.is_exact:
        return
    looked = [speaker.say(f"place.{kind}", place=name) for kind, name in at_hand.looked_in]
    places = speaker.say("window.join").join(looked) or speaker.say("place.nowhere")
    words = {"ruleset": content["ruleset_version"], "places": places}
    if at_hand.ruleset is None:
        yield Word(code="no_ruleset", text=speaker.say("no_ruleset", **words))
    else:
        text = speaker.say("other_ruleset", other=at_hand.ruleset.version, **words)
        yield Word(code="other_ruleset", text=text)


def _of_events(alert: FoundAlert, past: Past, speaker: Speaker) -> Iterator[Word]:
    """Yield what is not known of where the event lies, and of the events that were counted."""
    if alert.origin is None:
        yield Word(code="no_origin", text=speaker.say("no_origin"))
    if alert.is_summary:
        return
    missing = missing_of(alert.content, past.events)
    if missing and not past.is_read:
        yield Word(code="no_history", text=speaker.say("no_history"))
    elif missing:
        text = speaker.say("events_not_read", number=len(missing), why=past.why).strip()
        yield Word(code="events_not_read", text=text)
    yield Word(code="untold", text=speaker.say("untold"))


def _untranslated(speaker: Speaker) -> Iterator[Word]:
    names = list(dict.fromkeys(speaker.untranslated))
    if names:
        text = speaker.say("no_translation", names=speaker.say("window.join").join(names))
        yield Word(code="no_translation", text=text)
