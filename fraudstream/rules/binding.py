"""Binds a ruleset to a schema: which features there are, and the programs that compute everything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from fraudstream.events.schema import ID, Column, ColumnType, Schema
from fraudstream.features.catalogue import EXACT_US, SUMMED, Aggregate, Feature, is_float
from fraudstream.rules.compile import Compiled, condition, expression
from fraudstream.rules.currencies import Currencies
from fraudstream.rules.durations import format_duration
from fraudstream.rules.errors import Problem, RulesetError
from fraudstream.rules.operators import within_days
from fraudstream.rules.parse import WORDS, ExpressionError
from fraudstream.rules.program import Program, Register
from fraudstream.rules.references import ordered
from fraudstream.rules.ruleset import Model, Rule, Ruleset
from fraudstream.rules.schema import FeatureSpec
from fraudstream.rules.scope import Scope, feature_symbol
from fraudstream.rules.shared import ACTIONS_FILE, TYPOLOGIES_FILE
from fraudstream.rules.tree import Node, models, names, outcomes
from fraudstream.rules.types import DURATION, NUMBER, TIME, Kind, Type, number
from fraudstream.rules.usual import BoundUsual, bound_usual
from fraudstream.rules.yaml_file import YamlFile, YamlPath

_ORDERED = SUMMED | {Aggregate.MIN, Aggregate.MAX}
_PLAIN = (Aggregate.RATIO, Aggregate.ZSCORE)
"""Aggregates whose value is a plain number whatever they count."""
MICRO_MAX = 1e9
"""The largest float that is summed, in millionths."""


@dataclass(frozen=True)
class BoundRule:
    """A rule in the judging program, and the features (by index) and models that it names.

    `outcome` is the slot of its condition within its effective days.
    `bands` says for each outcome of the rule whether an event lies in its band; empty where it has none.
    """

    rule: Rule
    when: Compiled
    outcome: int
    features: tuple[int, ...]
    models: tuple[str, ...]
    bands: tuple[Compiled, ...] = ()


@dataclass(frozen=True)
class BoundModel:
    """A model, the columns of its inputs among what its input program leaves, and what is usual of which.

    That program is `Bound.over_scores` where it `reads_scores`.
    """

    model: Model
    inputs: tuple[int, ...]
    reads_scores: bool
    usual: Mapping[str, BoundUsual] = field(default_factory=dict)


@dataclass
class Bound:
    """A ruleset ready to run: the features of all rules, each once, and the programs in their order.

    `before` computes what features count, `inputs` what models read, `over_scores` what those models read
    that read the scores of others, `judge` the rules, and `usual` what alerts show beside those inputs.
    `in_floats` tells per feature whether its values lie in `Frame.floats`.
    """

    ruleset: Ruleset
    schema: Schema
    scope: Scope
    before: Program = field(default_factory=Program)
    inputs: Program = field(default_factory=Program)
    over_scores: Program = field(default_factory=Program)
    judge: Program = field(default_factory=Program)
    usual: Program = field(default_factory=Program)
    features: list[Feature] = field(default_factory=list)
    types: list[Type] = field(default_factory=list)
    in_floats: list[bool] = field(default_factory=list)
    conditions: dict[Node, Compiled] = field(default_factory=dict)
    rules: list[BoundRule] = field(default_factory=list)
    models: list[BoundModel] = field(default_factory=list)


def bind(ruleset: Ruleset, schema: Schema, *, scores: bool = False, exact_us: int = EXACT_US) -> Bound:
    """Bind the rules that run; RulesetError lists every expression that cannot be computed.

    `exact_us` is how far back windows are exact, as in `Limits`.
    `scores` lets rules name any model's score even where the model is not there (for inline tests).
    """
    scope = Scope(
        schema,
        Currencies(schema, ruleset.rates),
        frozenset(each.spec.id for each in ruleset.models),
        lists=ruleset.lists,
    )
    bound = Bound(ruleset, schema, scope)
    problems: list[Problem] = []
    binder = _Binder(bound, problems, exact_us)
    for model in ruleset.models:
        binder.bind_model(model)
    rules, faults = ordered(ruleset.rules)
    problems += faults
    for rule in rules:
        binder.bind_rule(rule, any_score=scores)
    bound.rules.sort(key=lambda each: binder.rows[each.rule.id])
    binder.check_keys(TYPOLOGIES_FILE, ruleset.typologies.columns())
    binder.check_keys(ACTIONS_FILE, ruleset.actions.columns())
    if problems:
        raise RulesetError(problems)
    return bound


class _Binder:
    def __init__(self, bound: Bound, problems: list[Problem], exact_us: int) -> None:
        self._exact_us = exact_us
        self._bound = bound
        self._problems = problems
        self._scope = bound.scope
        self._known: dict[Feature, int] = {}
        self._outcomes: dict[str, Register] = {}
        running = (rule.id for rule in bound.ruleset.rules if rule.runs)
        self.rows = {name: row for row, name in enumerate(running)}
        """The place of each rule that runs in the order of the ruleset, which is that of its outcomes."""

    def bind_rule(self, rule: Rule, *, any_score: bool) -> None:
        wrong_names = _name_problems(rule, self._bound.schema)
        if wrong_names:
            self._problems += wrong_names
            return
        if any(name not in self._outcomes for name, _ in outcomes(rule.when)):
            # What is wrong with that rule is told already.
            return
        self._check_entities(rule)
        scope = replace(self._scope, outcomes=self._outcomes)
        scope = replace(scope, models=_EVERY_MODEL) if any_score else scope
        indexes = self._features(rule.spec.features, rule, "features")
        scope = self._with_features(scope, indexes)
        try:
            when = condition(self._bound.judge, rule.condition, scope)
            bands = tuple(condition(self._bound.judge, band, scope) for band in rule.bands)
        except ExpressionError as error:
            self._problems.append(rule.locate(error))
            return
        used = {each.name for each in names(rule.condition)}
        mentioned = tuple(index for name, index in indexes.items() if name in used)
        program = self._bound.judge
        outcome = within_days(program, program.registers[when.slot], *rule.effective_us)
        self._outcomes[rule.id] = outcome
        program.judge(outcome, self.rows[rule.id])
        read = tuple(name for name, _ in models(rule.condition))
        self._bound.rules.append(BoundRule(rule, when, program.slot(outcome), mentioned, read, bands))

    def check_keys(self, name: str, keys: Iterable[tuple[YamlPath, tuple[str, ...]]]) -> None:
        """Note the columns that a shared file names and that are no texts."""
        for path, columns in keys:
            self._are_texts(columns, path, self._bound.ruleset.files[name])

    def bind_model(self, model: Model) -> None:
        indexes = self._features(model.spec.windows, model, "windows")
        scope = self._with_features(self._scope, indexes)
        columns: list[int] = []
        reads_scores = model.reads_scores
        program = self._bound.over_scores if reads_scores else self._bound.inputs
        usual: dict[str, BoundUsual] = {}
        for name, node in model.inputs.items():
            try:
                self._check_scores(model, node)
                compiled = expression(program, node, scope)
                if compiled.type.kind not in (Kind.NUMBER, Kind.MONEY, Kind.DURATION):
                    raise ExpressionError(f"{name} is {compiled.type}: a model reads numbers", node.position)
                if name in model.usual:
                    usual[name] = bound_usual(self._bound.usual, name, node, model.usual[name], scope)
            except ExpressionError as error:
                self._problems.append(model.locate(error))
                continue
            columns.append(program.emit_real(program.registers[compiled.slot]))
        self._bound.models.append(BoundModel(model, tuple(columns), reads_scores, usual))

    def _check_scores(self, model: Model, node: Node) -> None:
        """Raise ExpressionError where an input reads a score that is not there yet."""
        known = {each.spec.id: each for each in self._bound.ruleset.models}
        for name, position in models(node):
            if name == model.spec.id or (name in known and known[name].reads_scores):
                message = f"{name} reads scores itself: a model may read those of models that read none"
                raise ExpressionError(message, position)

    def _with_features(self, scope: Scope, indexes: Mapping[str, int]) -> Scope:
        symbols = {
            name: feature_symbol(index, self._bound.types[index], is_float=self._bound.in_floats[index])
            for name, index in indexes.items()
        }
        return replace(scope, features=symbols)

    def _features(
        self, specs: Mapping[str, FeatureSpec], owner: Rule | Model, section: str
    ) -> dict[str, int]:
        """Return the index of each feature by its name in the file; equal features share one."""
        indexes = {}
        for name, spec in specs.items():
            feature = spec.feature(owner.where[name])
            try:
                type_ = self._check(feature, spec, (section, name), owner.file)
            except ExpressionError as error:
                self._problems.append(owner.locate(error))
                continue
            if type_ is None:
                continue
            if feature not in self._known:
                self._known[feature] = len(self._bound.features)
                self._bound.features.append(feature)
                self._bound.types.append(type_)
                column = self._bound.schema.column(feature.value or "")
                self._bound.in_floats.append(is_float(feature.aggregate, column.type if column else None))
            indexes[name] = self._known[feature]
        return indexes

    def _check(
        self, feature: Feature, spec: FeatureSpec, path: tuple[str, ...], file: YamlFile
    ) -> Type | None:
        """Return the type of a feature, or None after noting what is wrong with it."""
        where = feature.where
        if where is not None and not feature.of_labels and where not in self._bound.conditions:
            # Windows are walked before any model scores.
            scope = replace(self._scope, models=frozenset())
            self._bound.conditions[where] = condition(self._bound.before, where, scope)  # type: ignore[arg-type, index]
        for part, columns in (("by", feature.by), ("for", feature.read_by)):
            if not self._are_texts(columns, (*path, part), file):
                return None
        reach_us = (feature.window_us or 0) + feature.offset_us
        by_pane = feature.aggregate is Aggregate.DISTINCT and not feature.offset_us
        if (
            feature.aggregate in (Aggregate.MEDIAN, Aggregate.DISTINCT)
            and reach_us > self._exact_us
            and not by_pane
        ):
            most = format_duration(self._exact_us)
            kind = "median" if feature.aggregate is Aggregate.MEDIAN else "distinct with an offset"
            message = f"{kind} needs an exact window: let window and offset reach back {most} at most"
            self._problems.append(file.problem(path, message))
            return None
        return self._value_type(feature, spec, path, file)

    def _check_entities(self, rule: Rule) -> None:
        suppress, rollout = rule.spec.then.suppress, rule.spec.rollout
        if suppress is not None:
            self._are_texts(suppress.by, ("then", "suppress", "by"), rule.file)
        if rollout is not None:
            self._are_texts(rollout.by, ("rollout", "by"), rule.file)

    def _are_texts(self, columns: tuple[str, ...], path: YamlPath, file: YamlFile) -> bool:
        """Tell whether all are text columns, and note the first that is not."""
        for name in columns:
            column = self._bound.schema.column(name)
            if column is None or column.type is not ColumnType.TEXT or name == ID:
                message = f"{name} is no text column: {self._scope.suggestion(name)}"
                self._problems.append(file.problem(path, message))
                return False
        return True

    def _value_type(
        self, feature: Feature, spec: FeatureSpec, path: tuple[str, ...], file: YamlFile
    ) -> Type | None:
        value, kind = feature.value, feature.aggregate
        if value is None:
            return {Aggregate.COUNT: number("count"), Aggregate.FIRST_SEEN: TIME}.get(kind, DURATION)
        symbol = self._scope.find(value)
        place = (*path, spec.aggregate)
        if symbol is None:
            message = f"{value} is unknown: {self._scope.suggestion(value)}"
        elif symbol.type.kind is Kind.MONEY and symbol.type.currency is None:
            message = f"{value} mixes currencies: use a converted amount such as amount_usd"
        elif kind in _ORDERED and symbol.type.kind not in (Kind.MONEY, Kind.NUMBER):
            message = f"{value} is {symbol.type}, and has no {kind}: use a number or a converted amount"
        elif kind in SUMMED and not _is_summable(symbol.column):
            message = (
                f"{value} may lie beyond 1,000,000,000, so that its {kind} is not exact: declare minimum and "
                "maximum of the column within that"
            )
        else:
            plain = NUMBER if kind in _PLAIN else symbol.type
            return number("count") if kind is Aggregate.DISTINCT else plain
        self._problems.append(file.problem(place, message))
        return None


def _is_summable(column: Column | None) -> bool:
    """Tell whether a column's values can be summed as whole numbers: all can but unbounded floats."""
    if column is None or column.type is not ColumnType.NUMBER:
        return True
    bounds = (column.minimum, column.maximum)
    return all(bound is not None and abs(bound) <= MICRO_MAX for bound in bounds)


class _EveryModel(frozenset[str]):
    def __contains__(self, _: object) -> bool:
        return True


_EVERY_MODEL = _EveryModel()


def _name_problems(rule: Rule, schema: Schema) -> list[Problem]:
    """Return a problem for each parameter or feature that hides something else of the same name."""
    problems = []
    for section, names_ in (("params", rule.spec.params), ("features", rule.spec.features)):
        for name in names_:
            if name in WORDS or schema.column(name) is not None:
                message = f"{name} is a word of the language or a column: choose another name"
                problems.append(rule.file.problem((section, name), message))
            elif section == "features" and name in rule.spec.params:
                message = f"{name} is a parameter as well: choose another name"
                problems.append(rule.file.problem((section, name), message))
    return problems
