"""What can be told of the rules of an alert."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fraudstream.engine.alerts import CONTRIBUTING_MAX
from fraudstream.engine.evaluation import Evaluation
from fraudstream.events.times import format_time, parse_time
from fraudstream.rules.durations import format_duration
from fraudstream.rules.ruleset import Rule
from fraudstream.rules.tree import models, outcomes
from fraudstream.workbench.casefile.alerts import FoundAlert
from fraudstream.workbench.casefile.at_hand import AtHand
from fraudstream.workbench.casefile.conditions import condition_part, sentence
from fraudstream.workbench.casefile.models import contribution_text
from fraudstream.workbench.casefile.schema import RulePart, RuleTexts, Suppression, WindowPart, Word
from fraudstream.workbench.casefile.speaker import Speaker, Told

RAISED_MAX = 3


class RuleParts:
    """Tells of the rules of one alert, and collects in `cannot_tell` what it cannot say of them."""

    def __init__(
        self, alert: FoundAlert, at_hand: AtHand, trees: Mapping[str, Evaluation], speaker: Speaker
    ) -> None:
        self._alert = alert
        self._at_hand = at_hand
        self._trees = trees
        self._speaker = speaker
        self.cannot_tell: list[Word] = []

    def parts(self) -> list[RulePart]:
        """Return the rules in the order of the alert."""
        content = self._alert.content
        return [
            self._part(each) for each in ([content["rule"]] if self._alert.is_summary else content["rules"])
        ]

    def _part(self, told: Mapping[str, Any]) -> RulePart:
        rule = self._at_hand.rule(told)
        tree = self._tree(told, rule)
        texts = None if rule is None else self._speaker.rule(rule.spec)
        self._note_gaps(told, rule)
        return RulePart(
            id=told["id"],
            version=told["version"],
            title=told["title"] if texts is None else texts.title,
            typology=self._typology(told["typology"])[0],
            severity=self._speaker.word("severity", told["severity"]),
            band=told.get("band"),
            action=self._speaker.word("action", told["action"]) if "action" in told else None,
            score=told.get("score"),
            reason_code=self._reason_code(told),
            reason=self._reason(told, rule, tree),
            condition=None if tree is None else condition_part(tree),
            windows=list(self._windows(told, rule, tree)),
            counted_event_ids=told.get("contributing_event_ids", []),
            budget=told.get("budget"),
            suppression=self._suppression(rule),
            texts=None if rule is None or texts is None else self._texts(rule, texts),
        )

    def _tree(self, told: Mapping[str, Any], rule: Rule | None) -> Evaluation | None:
        """Return the condition with its values, and note what of it is not to be relied on."""
        if rule is None or self._alert.is_summary:
            return None
        tree = self._trees.get(told["id"])
        if tree is None:
            self._miss("not_evaluated", rule=told["id"])
        elif tree.value is False:
            self._miss("rounded", rule=told["id"])
        elif tree.value is None and any(True for _ in outcomes(rule.when)):
            self._miss("outcomes", rule=told["id"])
        return tree

    def _note_gaps(self, told: Mapping[str, Any], rule: Rule | None) -> None:
        if rule is None and self._at_hand.ruleset is not None:
            newest = self._at_hand.newest(told["id"])
            other = self._speaker.say("no_such") if newest is None else str(newest.spec.version)
            self._miss("rule_changed", rule=told["id"], version=told["version"], other=other)
        if len(told.get("contributing_event_ids", ())) == CONTRIBUTING_MAX:
            self._miss("only_so_many", rule=told["id"], number=CONTRIBUTING_MAX)

    def _miss(self, phrase: str, **values: Any) -> None:
        self.cannot_tell.append(Word(code=phrase, text=self._speaker.say(phrase, **values)))

    def _typology(self, name: str) -> tuple[Word, str]:
        """Return a typology and its description."""
        ruleset = self._at_hand.ruleset
        known = None if ruleset is None else ruleset.typologies.typologies.get(name)
        if known is None:
            return Word(code=name, text=name.replace("_", " ")), ""
        title, description = self._speaker.typology(name, known.title, known.description)
        return Word(code=name, text=title), description

    def _reason_code(self, told: Mapping[str, Any]) -> Word | None:
        if "reason_code" not in told:
            return None
        ruleset = self._at_hand.ruleset
        codes = {} if ruleset is None else ruleset.reason_codes.reason_codes
        return self._speaker.reason_code(told["reason_code"], codes.get(told["reason_code"]))

    def _reason(self, told: Mapping[str, Any], rule: Rule | None, tree: Evaluation | None) -> str:
        """Return the alert's own words, or those of another language where the condition is known."""
        if self._alert.is_summary:
            return self._held_back()
        if self._speaker.language == "en" or rule is None or tree is None or tree.value is not True:
            reason: str = told["reason"]
            return reason
        raised = [self._raised(model) for model, _ in models(rule.condition)]
        return self._speaker.say("clause.join").join([sentence(tree, self._speaker), *filter(None, raised)])

    def _raised(self, model: str) -> str:
        found = (each["contributions"] for each in self._alert.content["models"] if each["id"] == model)
        names = [contribution_text(each, self._speaker) for each in next(found, [])[:RAISED_MAX]]
        return (
            self._speaker.say("raised_by", names=self._speaker.say("window.join").join(names))
            if names
            else ""
        )

    def _held_back(self) -> str:
        content = self._alert.content
        hour = {"start": content["hour"]["from"], "end": content["hour"]["to"]}
        return self._speaker.say("held_back", told=content["told"], held_back=content["held_back"], **hour)

    def _windows(
        self, told: Mapping[str, Any], rule: Rule | None, tree: Evaluation | None
    ) -> Iterator[WindowPart]:
        evidence = told.get("evidence", {})
        shown = {} if tree is None else dict(_shown(tree))
        for name, spec in rule.spec.features.items() if rule is not None else ():
            if name in evidence:
                meaning = self._speaker.window(spec)
                yield WindowPart(name=name, meaning=meaning, value=evidence[name], shown=shown.get(name))

    def _suppression(self, rule: Rule | None) -> Suppression | None:
        suppress = None if rule is None else rule.spec.then.suppress
        if suppress is None or self._alert.is_summary:
            return None
        event = self._alert.content["event"]
        key = {column: text_at(event, column) for column in suppress.by}
        known = {column: text for column, text in key.items() if text is not None}
        if len(known) < len(key):
            return None
        until = format_time(parse_time(event["occurred_at"]) + suppress.for_)
        return Suppression(key=known, for_=format_duration(suppress.for_), until=until)

    def _texts(self, rule: Rule, texts: Told) -> RuleTexts:
        spec = rule.spec
        return RuleTexts(
            typology_description=self._typology(spec.typology)[1],
            owner=spec.owner,
            regulation=spec.regulation,
            references=spec.references,
            rationale=texts.rationale,
            false_positives=list(texts.false_positives),
            investigate=list(texts.investigate),
        )


def _shown(tree: Evaluation) -> Iterator[tuple[str, str]]:
    if not tree.is_condition and tree.value is not None:
        yield tree.text, tree.shown
    for each in tree.operands:
        yield from _shown(each)


def text_at(event: Mapping[str, Any], column: str) -> str | None:
    """Return what an event as an alert has it holds in a column, None where it has none."""
    found: Any = event
    for part in column.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return None if found is None else str(found)
