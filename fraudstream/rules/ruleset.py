"""From the files of a rule directory to a ruleset: parsed, checked, versioned by content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

import orjson

from fraudstream.events.rates import RateTable
from fraudstream.events.times import day_us
from fraudstream.rules.actions import Actions
from fraudstream.rules.bands import band_conditions
from fraudstream.rules.errors import Problem, RulesetError
from fraudstream.rules.files import ModelFile, ReasonCodes
from fraudstream.rules.lists import NamedList, named_lists, read_list
from fraudstream.rules.params import constant_of
from fraudstream.rules.parse import EXPRESSION_CHARS_MAX, ExpressionError, parse
from fraudstream.rules.references import needed
from fraudstream.rules.schema import Condition, Effective, FeatureSpec, RuleSpec, Status
from fraudstream.rules.shared import SHARED_FILES, Shared
from fraudstream.rules.states import MODELS_DIRECTORY, Start, digests, is_state, start_of, unused_states
from fraudstream.rules.translations import TEXTS_DIRECTORY, Translation, translations
from fraudstream.rules.tree import (
    Constant,
    Junction,
    Listing,
    Literal,
    Node,
    Not,
    models,
    names,
    put_in,
)
from fraudstream.rules.typologies import Typologies
from fraudstream.rules.validation import validated
from fraudstream.rules.yaml_file import YamlFile, YamlPath, read_yaml

LISTS_DIRECTORY = "lists"
VERSION_CHARS = 16
RULES_MAX = 5_000
"""More rule files are refused before any is parsed: at 6 ms each they would take half a minute to load."""
_STRIDE = EXPRESSION_CHARS_MAX + 1
"""Positions of a file's expressions are numbered end to end: the n-th begins at n strides."""


@dataclass(frozen=True)
class Rule:
    """One rule: what its file says, with its conditions as trees and its parameters put in.

    Each of its `bands` says whether its number lies there.
    """

    spec: RuleSpec
    file: YamlFile
    when: Node
    where: Mapping[str, Node | None]
    """The condition of each of its features."""
    origins: tuple[YamlPath, ...] = ()
    """Where each expression of the file stands; see `locate`."""
    bands: tuple[Node, ...] = ()

    def locate(self, error: ExpressionError) -> Problem:
        """Return the problem that an error in one of the rule's expressions is, at its place in the file."""
        return _locate(self.file, self.origins, error)

    @property
    def id(self) -> str:
        """The rule's id."""
        return self.spec.id

    @cached_property
    def condition(self) -> Node:
        """What makes the rule hit: `when`, and its number lies in one of the bands if it has some."""
        if not self.bands:
            return self.when
        bands = self.bands[0] if len(self.bands) == 1 else Junction("or", self.bands)
        return Junction("and", (self.when, bands), self.when.position)

    @property
    def runs(self) -> bool:
        """Whether the engine evaluates the rule at all."""
        return self.spec.status in (Status.SHADOW, Status.LIVE)

    def always(self) -> Rule:
        """Return the rule without its effective days."""
        return replace(self, spec=self.spec.model_copy(update={"effective": Effective()}))

    @cached_property
    def effective_us(self) -> tuple[int | None, int | None]:
        """The event times between which the rule is evaluated, in microseconds; None = open."""
        return day_us(self.spec.effective.from_), day_us(self.spec.effective.to)


def _locate(file: YamlFile, origins: Sequence[YamlPath], error: ExpressionError) -> Problem:
    origin, position = divmod(error.position, _STRIDE)
    return file.problem(origins[origin], str(error), position)


@dataclass(frozen=True)
class Model:
    """One model file, with its windows' conditions and its inputs as trees."""

    spec: ModelFile
    file: YamlFile
    where: Mapping[str, Node | None]
    inputs: Mapping[str, Node]
    origins: tuple[YamlPath, ...] = ()
    usual: Mapping[str, Mapping[str, Node]] = field(default_factory=dict)
    """By input what is usual of it: `value` where it is not the input itself, `low` and `high`."""
    start: Start | None = None

    @cached_property
    def windows_read(self) -> frozenset[str]:
        """The windows that an input reads; others are only there for what is usual."""
        read = {each.name for node in self.inputs.values() for each in names(node)}
        return frozenset(read.intersection(self.spec.windows))

    @cached_property
    def learned(self) -> dict[str, Any]:
        """What of the file bears on what the model learns: all but words and what is `usual`."""
        windows = {name: self.spec.windows[name] for name in self.windows_read}
        # A list: the order of the inputs is that of what was learned of each.
        inputs = [(name, each.expr, each.missing) for name, each in self.spec.features.items()]
        others = {key: value for key, value in self.file.data.items() if key not in ("title", "on_drift")}
        return {**others, "windows": windows, "features": inputs}

    @cached_property
    def reads_scores(self) -> bool:
        """Whether it reads the scores of other models, so that it comes after them."""
        return any(True for node in self.inputs.values() for _ in models(node))

    def locate(self, error: ExpressionError) -> Problem:
        """Return the problem that an error in one of the model's expressions is, at its place in the file."""
        return _locate(self.file, self.origins, error)


@dataclass(frozen=True)
class Ruleset:
    """Everything that decides, at one version; the version is a hash of all files' content."""

    version: str
    rules: tuple[Rule, ...]
    typologies: Typologies
    reason_codes: ReasonCodes
    rates: RateTable
    models: tuple[Model, ...]
    actions: Actions = field(default_factory=Actions)
    lists: Mapping[str, NamedList] = field(default_factory=dict)
    """The lists that conditions and allow-lists name, by their ids."""
    files: Mapping[str, YamlFile] = field(default_factory=dict)
    """The shared files by name, for what is found wrong with them only when the columns are known."""
    translations: Mapping[str, Translation] = field(default_factory=dict)
    """Its texts in other languages, by their tags; they decide nothing, and do not count for the version."""
    unused_states: tuple[str, ...] = ()
    """Files of what a model has learned, from which no model starts: they do not count for the version."""

    def only(self, rule: Rule) -> Ruleset:
        """Return the ruleset of one rule, and of those it rests on: what its inline tests run on."""
        typologies = self.typologies.without_scores()
        rules = (rule, *(each.always() for each in needed(rule, self.rules)))
        return Ruleset(self.version, rules, typologies, self.reason_codes, self.rates, (), lists=self.lists)


def build_ruleset(files: Mapping[str, bytes]) -> Ruleset:
    """Build a ruleset from the content of its files by relative name; RulesetError lists all problems."""
    rule_names = [name for name in files if _is_rule(name)]
    if len(rule_names) > RULES_MAX:
        message = f"{len(rule_names)} rules, at most {RULES_MAX} are read: split them over deployments"
        raise RulesetError([Problem(min(rule_names), 1, 1, message)])
    problems: list[Problem] = []
    parsed = {}
    for name in sorted(name for name in files if not is_state(name)):
        try:
            parsed[name] = (read_list if _is_of(LISTS_DIRECTORY, name) else read_yaml)(name, files[name])
        except RulesetError as error:
            problems += error.problems
    others = {name: parsed.pop(name) for name in list(parsed) if _is_of(TEXTS_DIRECTORY, name)}
    shared = Shared(parsed, problems)
    problems += [_stray(file) for file in parsed.values() if _is_stray(file.name)]
    rules = [rule for file in parsed.values() if _is_rule(file.name) for rule in _rule(file, problems)]
    models = [
        model
        for file in parsed.values()
        if _is_of(MODELS_DIRECTORY, file.name)
        for model in _model(file, files, problems)
    ]
    lists = named_lists([file for file in parsed.values() if _is_of(LISTS_DIRECTORY, file.name)], problems)
    translated = translations(others.values(), problems)
    _check_ids([(rule.id, rule.file) for rule in rules], problems)
    _check_ids([(each.id, each.file) for each in lists], problems)
    _check_ids([(model.spec.id, model.file) for model in models], problems)
    for rule in rules:
        shared.check(rule.spec, rule.file)
    if not problems:
        # Else a name may only seem unknown, because the file that has it is faulty.
        shared.check_scores([rule.spec for rule in rules], [each.id for each in lists])
    if problems:
        raise RulesetError(problems)
    rules.sort(key=lambda rule: rule.id)
    starts = [model.start for model in models]
    return Ruleset(
        content_hash(parsed, digests(starts)),
        tuple(rules),
        shared.typologies,
        shared.reason_codes,
        shared.rates,
        tuple(models),
        shared.actions,
        {each.id: each for each in lists},
        {name: parsed[name] for name in SHARED_FILES if name in parsed},
        translated,
        unused_states(starts, files),
    )


def content_hash(files: Mapping[str, YamlFile], states: Mapping[str, str]) -> str:
    """Hash what the files say, and the hashes of others; comments and layout do not count."""
    content = {**{name: file.data for name, file in files.items()}, **states}
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:VERSION_CHARS]


def _is_rule(name: str) -> bool:
    path = PurePosixPath(name)
    return len(path.parts) > 1 and path.parts[0] not in (MODELS_DIRECTORY, LISTS_DIRECTORY, TEXTS_DIRECTORY)


def _is_stray(name: str) -> bool:
    return "/" not in name and name not in SHARED_FILES


def _stray(file: YamlFile) -> Problem:
    shared = ", ".join(SHARED_FILES)
    return file.problem((), f"only {shared} stand at the top: move a rule into a folder such as fraud/")


def _is_of(directory: str, name: str) -> bool:
    return PurePosixPath(name).parts[0] == directory


def _check_ids(ids: list[tuple[str, YamlFile]], problems: list[Problem]) -> None:
    first: dict[str, str] = {}
    for identity, file in ids:
        if identity in first:
            message = f"id {identity} is already used by {first[identity]}: ids are never shared"
            problems.append(file.problem(("id",), message))
        first.setdefault(identity, file.name)


def _rule(file: YamlFile, problems: list[Problem]) -> list[Rule]:
    """Return the rule of a file, or nothing where it has problems."""
    try:
        spec = validated(file, RuleSpec)
    except RulesetError as error:
        problems += error.problems
        return []
    found = len(problems)
    constants: dict[str, Constant] = {}
    texts = _Texts(file, constants, problems)
    for name, value in spec.params.items():
        if not isinstance(value, list):
            constants[name] = constant_of(value)
        else:
            texts.lists[name] = Listing(tuple(Literal(constant_of(item)) for item in value))
    where = texts.conditions_of(spec.features, ("features",))
    when = texts.condition(spec.when, ("when",))
    bands = band_conditions(file, spec, texts.expression, problems)
    if len(problems) > found or when is None:
        return []
    return [Rule(spec, file, when, where, tuple(texts.origins), bands)]


def with_param(rule: Rule, name: str, value: object) -> Rule:
    """Return a rule as if its file gave one of its parameters this value; RulesetError where it may not."""
    params = {**rule.file.data["params"], name: value}
    problems: list[Problem] = []
    found = _rule(replace(rule.file, data={**rule.file.data, "params": params}), problems)
    if problems:
        raise RulesetError(problems)
    return found[0]


def _model(file: YamlFile, files: Mapping[str, bytes], problems: list[Problem]) -> list[Model]:
    try:
        spec = validated(file, ModelFile)
    except RulesetError as error:
        problems += error.problems
        return []
    found = len(problems)
    texts = _Texts(file, {}, problems)
    where = texts.conditions_of(spec.windows, ("windows",))
    inputs, usual = {}, {}
    for name, feature in spec.features.items():
        is_text = isinstance(file.data["features"][name], str)
        node = texts.expression(feature.expr, ("features", name) if is_text else ("features", name, "expr"))
        if node is not None:
            inputs[name] = node
        if feature.usual is not None:
            usual[name] = texts.expressions(feature.usual.texts(), ("features", name, "usual"))
    if len(problems) > found:
        return []
    start = start_of(file, spec.start_from, files)
    return [Model(spec, file, where, inputs, tuple(texts.origins), usual, start)]


class _Texts:
    """Parses the expressions of one file and notes what is wrong with them."""

    def __init__(self, file: YamlFile, constants: dict[str, Constant], problems: list[Problem]) -> None:
        self._file = file
        self._constants = constants
        self._problems = problems
        self.lists: dict[str, Listing] = {}
        self.origins: list[YamlPath] = []

    def condition(self, value: Condition, path: YamlPath) -> Node | None:
        """Parse an expression, or all / any / not of some."""
        if isinstance(value, str):
            return self.expression(value, path)
        word, operand = next(iter(value.items()))
        if word == "not":
            inner = self.condition(operand, (*path, word))
            return None if inner is None else Not(inner)
        operands = [self.condition(each, (*path, word, index)) for index, each in enumerate(operand)]
        nodes = tuple(node for node in operands if node is not None)
        if len(nodes) < len(operands):
            return None
        return nodes[0] if len(nodes) == 1 else Junction("and" if word == "all" else "or", nodes)

    def expression(self, text: str, path: YamlPath) -> Node | None:
        """Parse an expression."""
        self.origins.append(path)
        try:
            return put_in(parse(text, (len(self.origins) - 1) * _STRIDE), self._constants, self.lists)
        except ExpressionError as error:
            self._problems.append(_locate(self._file, self.origins, error))
            return None

    def expressions(self, texts: Mapping[str, str], path: YamlPath) -> dict[str, Node]:
        """Parse some expressions by their keys."""
        found = {key: self.expression(text, (*path, key)) for key, text in texts.items()}
        return {key: node for key, node in found.items() if node is not None}

    def conditions_of(
        self, features: Mapping[str, FeatureSpec], path: tuple[str, ...]
    ) -> dict[str, Node | None]:
        """Parse the `where` of each feature."""
        return {
            name: None if spec.where is None else self.expression(spec.where, (*path, name, "where"))
            for name, spec in features.items()
        }
