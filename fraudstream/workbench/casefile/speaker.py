"""Says things in one language: phrases of our own, and the texts of a rule pack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fraudstream.rules.durations import format_duration
from fraudstream.rules.ruleset import Ruleset
from fraudstream.rules.schema import FeatureSpec, RuleSpec
from fraudstream.rules.translations import TextsFile
from fraudstream.workbench.casefile import phrases_en, phrases_zh
from fraudstream.workbench.casefile.schema import Value, Word

LANGUAGES = {"en": phrases_en, "zh": phrases_zh}
"""The catalogue of each language."""


class Told(NamedTuple):
    """The texts of a rule."""

    title: str
    rationale: str
    false_positives: Sequence[str]
    investigate: Sequence[str]


@dataclass
class Speaker:
    """Speaks a language of `LANGUAGES`; what the rule pack does not say in it stays as the files have it."""

    language: str
    texts: TextsFile | None = None
    untranslated: list[str] = field(default_factory=list)
    """What was asked for and is not there in this language."""

    @classmethod
    def of(cls, language: str, ruleset: Ruleset | None) -> Speaker:
        """Return who speaks of a ruleset, or of none."""
        found = None if ruleset is None else ruleset.translations.get(language)
        return cls(language, None if found is None else found.texts)

    def say(self, phrase: str, **values: Any) -> str:
        """Return a phrase with its values."""
        text: str = LANGUAGES[self.language].PHRASES[phrase]
        return text.format(**values)

    def word(self, group: str, code: str) -> Word:
        """Return a code of ours with what it says."""
        return Word(code=code, text=LANGUAGES[self.language].WORDS[group].get(code, code.replace("_", " ")))

    def column(self, name: str, value: Any) -> Value:
        """Return a column with its name."""
        return Value(column=name, name=LANGUAGES[self.language].WORDS["column"].get(name, name), value=value)

    def rule(self, spec: RuleSpec) -> Told:
        """Return the texts of a rule."""
        own = Told(spec.title, spec.rationale, spec.false_positives, spec.investigate)
        if self._speaks_the_files():
            return own
        found = None if self.texts is None else self.texts.rules.get(spec.id)
        if found is None or found.version != spec.version:
            self.untranslated.append(spec.id)
            return own
        given = (found.title, found.rationale, found.false_positives, found.investigate)
        return Told(*(mine if text is None else text for text, mine in zip(given, own, strict=True)))  # type: ignore[arg-type]

    def typology(self, name: str, title: str, description: str = "") -> tuple[str, str]:
        """Return title and description of a typology."""
        found = None if self.texts is None else self.texts.typologies.get(name)
        if found is None:
            self._miss(name)
            return title, description
        return found.title, found.description or description

    def band_reason(self, name: str, band: int, reason: str) -> str:
        """Return the reason of a typology's band, by its place."""
        found = None if self.texts is None else self.texts.typologies.get(name)
        reasons = () if found is None else found.reasons or ()
        return reasons[band] if 0 <= band < len(reasons) else reason

    def reason_code(self, code: str, text: str | None) -> Word:
        """Return a reason code with its sentence, itself where there is none."""
        found = None if self.texts is None else self.texts.reason_codes.get(code)
        if found is None:
            self._miss(code)
        return Word(code=code, text=found or text or code)

    def model(self, name: str, title: str) -> str:
        """Return the title of a model."""
        found = None if self.texts is None else self.texts.models.get(name)
        if found is None:
            self._miss(name)
        return found or title

    def _miss(self, name: str) -> None:
        if not self._speaks_the_files():
            self.untranslated.append(name)

    def _speaks_the_files(self) -> bool:
        return self.language == "en" and self.texts is None

    def window(self, spec: FeatureSpec) -> str:
        """Say what a feature counts, for whom, and in which window."""
        what = f"what.{spec.count}" if spec.count else ""
        counted = self.say(what) if what else str(spec.value)
        parts = [self.say(f"window.{spec.aggregate}", what=counted), self._whose(spec)]
        if spec.window is not None:
            parts.append(self.say("window.within", span=format_duration(spec.window)))
        if spec.offset is not None:
            parts.append(self.say("window.until", span=format_duration(spec.offset)))
        if spec.where is not None:
            parts.append(self.say("window.where", condition=spec.where))
        return self.say("window.join").join(parts)

    def _whose(self, spec: FeatureSpec) -> str:
        by = ", ".join(spec.by)
        if spec.for_ is None or spec.for_ == spec.by:
            return self.say("window.by", columns=by)
        return self.say("window.for", by=by, read=", ".join(spec.for_))

    def usual(self, usual: Mapping[str, Any] | None) -> str:
        """Say between which values something usually lies; empty where that is not known."""
        low, high = (None, None) if usual is None else (usual["low"], usual["high"])
        if low is None:
            return "" if high is None else self.say("at_most", high=high)
        return self.say("at_least", low=low) if high is None else self.say("between", low=low, high=high)
