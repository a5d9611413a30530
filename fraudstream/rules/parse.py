"""The parser of rule conditions: a small Python-like expression language with a tree of its own.

condition  = conjunction { "or" conjunction }
conjunction= negation { "and" negation }
negation   = "not" negation | comparison
comparison = sum { ("==" | "!=" | "<" | "<=" | ">" | ">=" | ["not"] "in") sum }
           | sum ["not"] "between" sum "and" sum | sum "is" ["not"] "null"
sum        = product { ("+" | "-") product }
product    = unary { ("*" | "/" | "%") unary }
unary      = "-" unary | primary
primary    = number [currency] | duration | text | "true" | "false" | "null" | name | name "(" arguments ")"
           | "(" condition ")" | "[" constants "]"
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from fraudstream.events.money import EXPONENTS
from fraudstream.rules.durations import parse_duration
from fraudstream.rules.errors import did_you_mean
from fraudstream.rules.tree import (
    Arithmetic,
    Call,
    Comparison,
    Duration,
    IsNull,
    Junction,
    Listing,
    Literal,
    Money,
    Name,
    Negative,
    Node,
    Not,
    deeper_than,
)

EXPRESSION_CHARS_MAX = 4_000
NESTING_MAX = 50
DEPTH_MAX = 100

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<duration>[0-9]+[smhdw]\b)
      | (?P<number>[0-9]+(?:\.[0-9]+)?(?![\w.]))
      | (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
      | (?P<symbol><=|>=|==|!=|[-+*/%()<>,\[\]])""",
    re.VERBOSE,
)
WORDS = {"and", "or", "not", "in", "between", "is", "null", "true", "false"}
_COMPARISONS = {"==", "!=", "<", "<=", ">", ">=", "in"}


class ExpressionError(ValueError):
    """An expression that does not say anything the engine can compute; `position` counts from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    position: int


def parse(text: str, base: int = 0) -> Node:
    """Parse an expression; ExpressionError says what is wrong and where.

    `base` is added to every position, so that those of several expressions can be told apart.
    """
    if len(text) > EXPRESSION_CHARS_MAX:
        message = f"the expression is longer than {EXPRESSION_CHARS_MAX} characters: split it"
        raise ExpressionError(message, base)
    node = _Parser(_tokens(text, base)).whole()
    if deeper_than(node, DEPTH_MAX):
        raise ExpressionError(f"more than {DEPTH_MAX} operations in a row: split it", base)
    return node


def _tokens(text: str, base: int) -> list[_Token]:
    tokens = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ExpressionError(_strange(text[position:]), base + position)
        kind = match.lastgroup or ""
        if kind == "name" and match[0] in WORDS:
            kind = "word"
        if kind != "space":
            tokens.append(_Token(kind, match[0], base + position))
        position = match.end()
    tokens.append(_Token("end", "the end", base + len(text)))
    return tokens


def _strange(rest: str) -> str:
    remedies = {
        "=": "compare with ==",
        "'": 'put texts in "double quotes"',
        "&": "write and",
        "|": "write or",
    }
    remedy = remedies.get(rest[0], "numbers are written 1000 or 0.5, durations 90m, texts in double quotes")
    return f"cannot read {rest[:12]!r}: {remedy}"


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._index = 0
        self._depth = 0

    @property
    def _here(self) -> _Token:
        return self._tokens[self._index]

    def _take(self) -> _Token:
        token = self._here
        self._index += 1
        return token

    def _accept(self, *texts: str) -> _Token | None:
        if self._here.kind in ("word", "symbol") and self._here.text in texts:
            return self._take()
        return None

    def _expect(self, text: str) -> None:
        if self._accept(text) is None:
            raise ExpressionError(f"expected {text!r}, found {self._here.text!r}", self._here.position)

    def whole(self) -> Node:
        node = self._condition()
        if self._here.kind != "end":
            message = f"expected an operator or the end, found {self._here.text!r}"
            raise ExpressionError(message, self._here.position)
        return node

    def _condition(self) -> Node:
        self._depth += 1
        if self._depth > NESTING_MAX:
            raise ExpressionError(f"nested more than {NESTING_MAX} deep: split it", self._here.position)
        node = self._junction("or", lambda: self._junction("and", self._negation))
        self._depth -= 1
        return node

    def _junction(self, word: str, operand: Callable[[], Node]) -> Node:
        position = self._here.position
        operands = [operand()]
        while self._accept(word):
            operands.append(operand())
        return operands[0] if len(operands) == 1 else Junction(word, tuple(operands), position)

    def _negation(self) -> Node:
        negations = []
        while token := self._accept("not"):
            negations.append(token.position)
        node = self._comparison()
        for position in reversed(negations):
            node = Not(node, position)
        return node

    def _comparison(self) -> Node:
        left = self._sum()
        links: list[Node] = []
        while (operator := self._comparison_operator()) is not None:
            if operator.text in ("is null", "is not null"):
                node: Node = IsNull(left, operator.position)
                links.append(Not(node, operator.position) if "not" in operator.text else node)
                break
            if operator.text.endswith("between"):
                links.append(self._between(left, operator))
                break
            right = self._sum()
            word = operator.text.removeprefix("not ")
            link: Node = Comparison(word, left, right, operator.position)
            links.append(Not(link, operator.position) if operator.text.startswith("not") else link)
            left = right
        if not links:
            return left
        return links[0] if len(links) == 1 else Junction("and", tuple(links), links[0].position)

    def _comparison_operator(self) -> _Token | None:
        token = self._here
        if self._accept("is"):
            negated = self._accept("not") is not None
            self._expect("null")
            return _Token("symbol", "is not null" if negated else "is null", token.position)
        if self._accept("not"):
            if self._accept("between"):
                return _Token("symbol", "not between", token.position)
            self._expect("in")
            return _Token("symbol", "not in", token.position)
        return self._accept(*_COMPARISONS, "between")

    def _between(self, operand: Node, operator: _Token) -> Node:
        """Read the rest of `x between a and b`, which is `x >= a and x <= b`."""
        low = self._sum()
        self._expect("and")
        high = self._sum()
        at = operator.position
        ends = (Comparison(">=", operand, low, at), Comparison("<=", operand, high, at))
        node = Junction("and", ends, at)
        return Not(node, at) if operator.text.startswith("not") else node

    def _sum(self) -> Node:
        return self._arithmetic(("+", "-"), lambda: self._arithmetic(("*", "/", "%"), self._unary))

    def _arithmetic(self, operators: tuple[str, ...], operand: Callable[[], Node]) -> Node:
        node = operand()
        while token := self._accept(*operators):
            node = Arithmetic(token.text, node, operand(), token.position)
        return node

    def _unary(self) -> Node:
        minuses = []
        while token := self._accept("-"):
            minuses.append(token.position)
        node = self._primary()
        for position in reversed(minuses):
            node = Negative(node, position)
        return node

    def _primary(self) -> Node:
        token = self._take()
        match token.kind:
            case "number":
                return self._number(token)
            case "duration":
                return _duration(token)
            case "text":
                return Literal(re.sub(r"\\(.)", r"\1", token.text[1:-1]), None, token.position)
            case "name" if self._accept("("):
                return Call(token.text, self._listed(")"), token.position)
            case "name":
                return Name(token.text, token.position)
        if token.text in ("true", "false", "null"):
            return Literal({"true": True, "false": False}.get(token.text), None, token.position)
        if token.text == "(":
            node = self._condition()
            self._expect(")")
            return node
        if token.text == "[":
            return self._constants(token.position)
        raise ExpressionError(f"expected a value, found {token.text!r}", token.position)

    def _number(self, token: _Token) -> Node:
        """Read a number, or an amount of money where a currency follows it."""
        amount = Decimal(token.text)
        if self._here.kind != "name":
            return Literal(amount, None, token.position)
        currency = self._take()
        if currency.text not in EXPONENTS:
            remedy = (
                did_you_mean(currency.text.upper(), EXPONENTS)
                or "write a currency such as USD, or an operator"
            )
            raise ExpressionError(
                f"{currency.text!r} after {token.text} is no currency: {remedy}", currency.position
            )
        decimals = -int(amount.normalize().as_tuple().exponent)
        if decimals > EXPONENTS[currency.text]:
            message = f"{currency.text} has {EXPONENTS[currency.text]} decimals: shorten {token.text}"
            raise ExpressionError(message, token.position)
        return Literal(Money(amount, currency.text), None, token.position)

    def _constants(self, position: int) -> Node:
        items = self._listed("]")
        for item in items:
            if not isinstance(item, Literal | Name):
                raise ExpressionError("a list holds constants and parameters only", item.position)
        return Listing(items, position)  # type: ignore[arg-type]

    def _listed(self, closing: str) -> tuple[Node, ...]:
        items: list[Node] = []
        while not self._accept(closing):
            if items:
                self._expect(",")
            items.append(self._condition())
        return tuple(items)


def _duration(token: _Token) -> Node:
    try:
        return Literal(Duration(parse_duration(token.text)), None, token.position)
    except ValueError as error:
        raise ExpressionError(str(error), token.position) from None
