"""The files of a rule directory that all rules share, and what they must know of the rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fraudstream.rules.actions import Actions, check_actions
from fraudstream.rules.errors import Problem, RulesetError, did_you_mean
from fraudstream.rules.files import Rates, ReasonCodes
from fraudstream.rules.schema import RuleSpec
from fraudstream.rules.typologies import Typologies, check_typologies
from fraudstream.rules.validation import validated
from fraudstream.rules.yaml_file import YamlFile, YamlPath

TYPOLOGIES_FILE = "typologies.yml"
REASON_CODES_FILE = "reason_codes.yml"
RATES_FILE = "rates.yml"
ACTIONS_FILE = "actions.yml"
SHARED_FILES = (TYPOLOGIES_FILE, REASON_CODES_FILE, RATES_FILE, ACTIONS_FILE)


class Shared:
    """The files that all rules refer to."""

    def __init__(self, files: Mapping[str, YamlFile], problems: list[Problem]) -> None:
        self._problems = problems
        for name in (TYPOLOGIES_FILE, REASON_CODES_FILE, RATES_FILE):
            if name in files:
                continue
            if not any(problem.file == name for problem in problems):
                problems.append(Problem(name, 1, 1, "the file is missing from the rule directory: add it"))
            raise RulesetError(problems)
        self.typologies = validated(files[TYPOLOGIES_FILE], Typologies)
        self.reason_codes = validated(files[REASON_CODES_FILE], ReasonCodes)
        rates = validated(files[RATES_FILE], Rates)
        try:
            self.rates = rates.table()
        except ValueError as error:
            raise RulesetError([*problems, files[RATES_FILE].problem(("rates",), str(error))]) from None
        self._files = files
        self.actions = validated(files[ACTIONS_FILE], Actions) if ACTIONS_FILE in files else Actions()

    def check_scores(self, rules: Sequence[RuleSpec], lists: Iterable[str]) -> None:
        """Note what typologies and allow-lists name that is not there."""
        codes = self.reason_codes.reason_codes
        self._problems += check_typologies(self._files[TYPOLOGIES_FILE], self.typologies, rules, codes)
        if ACTIONS_FILE in self._files:
            names = self.typologies.typologies
            self._problems += check_actions(self._files[ACTIONS_FILE], self.actions, lists, names)

    def check(self, spec: RuleSpec, file: YamlFile) -> None:
        """Note the names of a rule that no shared file knows."""
        if spec.typology not in self.typologies.typologies:
            remedy = did_you_mean(spec.typology, self.typologies.typologies) or "add it there"
            message = f"typology {spec.typology!r} is not in {TYPOLOGIES_FILE}: {remedy}"
            self._problems.append(file.problem(("typology",), message))
        codes: list[tuple[YamlPath, str | None]] = [(("then", "reason_code"), spec.then.reason_code)]
        for index, band in enumerate(spec.bands.outcomes if spec.bands else ()):
            codes.append((("bands", "outcomes", index, "reason_code"), band.reason_code))
        for path, code in codes:
            if code is not None and code not in self.reason_codes.reason_codes:
                remedy = did_you_mean(code, self.reason_codes.reason_codes) or "add it there"
                message = f"reason code {code!r} is not in {REASON_CODES_FILE}: {remedy}"
                self._problems.append(file.problem(path, message))
