"""The tree of an expression: what the parser makes, and the compiler and the explainer read.

Nodes compare by what they say: positions and labels do not count, so equal expressions of different rules
are computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from fraudstream.rules.durations import format_duration


@dataclass(frozen=True)
class Duration:
    """A span of time in microseconds, written `90m` or `7d`."""

    us: int

    def __str__(self) -> str:
        return format_duration(self.us)


@dataclass(frozen=True)
class Money:
    """An amount in major units of a currency, written `10000 USD`."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"


UNITS = ("km", "km_per_h", "percent", "count")


@dataclass(frozen=True)
class Quantity:
    """A number in a unit, which only a parameter can be; 40 percent are the number 0.4."""

    given: Decimal
    unit: str

    @property
    def number(self) -> Decimal:
        """The number that conditions compute with."""
        return self.given / 100 if self.unit == "percent" else self.given

    def __str__(self) -> str:
        return f"{self.given:f} {self.unit}"


Constant = Decimal | str | bool | Duration | Money | Quantity | None


@dataclass(frozen=True)
class Literal:
    """A constant; `label` is the name of the parameter that it came from, if any."""

    value: Constant
    label: str | None = field(default=None, compare=False)
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Name:
    """A column, a derived amount, a feature or, before parameters are put in, a parameter."""

    name: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Listing:
    """The constants on the right of `in`."""

    items: tuple[Literal | Name, ...]
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Negative:
    """Arithmetic minus."""

    operand: Node
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Arithmetic:
    """`left operator right`, operator one of + - * / %."""

    operator: str
    left: Node
    right: Node
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Comparison:
    """One link of a comparison chain; operator one of == != < <= > >= in."""

    operator: str
    left: Node
    right: Node
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class IsNull:
    """`operand is null`."""

    operand: Node
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Not:
    """Three-valued negation."""

    operand: Node
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Junction:
    """`and` or `or` over two or more operands."""

    operator: str
    operands: tuple[Node, ...]
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Call:
    """A function of the language."""

    function: str
    arguments: tuple[Node, ...]
    position: int = field(default=0, compare=False)


Node = Literal | Name | Listing | Negative | Arithmetic | Comparison | IsNull | Not | Junction | Call


def plain_number(node: Node) -> Decimal | None:
    """Return the number that an expression is, None where it is no plain constant."""
    match node:
        case Literal(Decimal() as value):
            return value
        case Literal(Quantity() as quantity):
            return quantity.number
    return None


def children(node: Node) -> tuple[Node, ...]:
    """Return the operands of a node."""
    match node:
        case Listing(items):
            return items
        case Negative(operand) | IsNull(operand) | Not(operand):
            return (operand,)
        case Arithmetic(_, left, right) | Comparison(_, left, right):
            return (left, right)
        case Junction(_, operands) | Call(_, operands):
            return operands
        case _:
            return ()


def deeper_than(node: Node, depth_max: int) -> bool:
    """Tell whether an expression has more levels than that; counted without recursion."""
    level: Sequence[Node] = (node,)
    for _ in range(depth_max):
        level = [child for each in level for child in children(each)]
        if not level:
            return False
    return True


def parts(node: Node) -> Iterator[Node]:
    """Yield a node and all below it, in reading order."""
    yield node
    for child in children(node):
        yield from parts(child)


def names(node: Node) -> Iterator[Name]:
    """Yield every name that an expression uses."""
    return (part for part in parts(node) if isinstance(part, Name))


def models(node: Node) -> Iterator[tuple[str, int]]:
    """Yield the models whose scores an expression reads, and where it names them."""
    for part in parts(node):
        match part:
            case Call("score", (Literal(str(model), _, position),)):
                yield model, position


def outcomes(node: Node) -> Iterator[tuple[str, int]]:
    """Yield the rules whose outcomes an expression reads, and where it names them."""
    for part in parts(node):
        match part:
            case Call("rule", (Literal(str(rule), _, position),)):
                yield rule, position


def put_in(node: Node, constants: Mapping[str, Constant], lists: Mapping[str, Listing]) -> Node:
    """Replace the names of parameters by their values, which keep the name as their label."""

    def inside(part: Node) -> Node:
        return put_in(part, constants, lists)

    match node:
        case Name(name, position) if name in constants:
            return Literal(constants[name], name, position)
        case Name(name) if name in lists:
            return lists[name]
        case _:
            return rebuilt(node, inside)


def rebuilt(node: Node, change: Callable[[Node], Node]) -> Node:
    """Return a node with each operand changed; a list in the place of a list's item gives its items."""
    match node:
        case Negative() | IsNull() | Not():
            return replace(node, operand=change(node.operand))
        case Arithmetic() | Comparison():
            return replace(node, left=change(node.left), right=change(node.right))
        case Junction():
            return replace(node, operands=tuple(map(change, node.operands)))
        case Call():
            return replace(node, arguments=tuple(map(change, node.arguments)))
        case Listing():
            return replace(node, items=tuple(_items(map(change, node.items))))
        case _:
            return node


def _items(parts: Iterable[Node]) -> Iterator[Literal | Name]:
    """Yield constants and names, those of a list parameter one by one."""
    for part in parts:
        if isinstance(part, Listing):
            yield from part.items
        elif isinstance(part, Literal | Name):
            yield part


def write(node: Node) -> str:
    """Write an expression back as text, parameters by their names."""
    match node:
        case Literal(value, label):
            return label or write_constant(value)
        case Name(name):
            return name
        case Listing(items):
            return f"[{', '.join(map(write, items))}]"
        case Negative(operand):
            return f"-{_grouped(operand)}"
        case Arithmetic(operator, left, right):
            return f"{_grouped(left)} {operator} {_grouped(right)}"
        case Comparison(operator, left, right):
            return f"{_grouped(left)} {operator} {_grouped(right)}"
        case IsNull(operand):
            return f"{write(operand)} is null"
        case Not(IsNull(operand)):
            return f"{write(operand)} is not null"
        case Not(operand):
            return f"not {_grouped(operand)}"
        case Junction(operator, operands):
            return f" {operator} ".join(map(_grouped, operands))
        case Call(function, arguments):
            return f"{function}({', '.join(map(write, arguments))})"


def _grouped(node: Node) -> str:
    text = write(node)
    return f"({text})" if isinstance(node, Arithmetic | Comparison | Junction) else text


def write_constant(value: Constant) -> str:
    """Write a constant as the language reads it."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case Decimal():
            return f"{value:f}"
        case Duration() | Money() | Quantity():
            return str(value)
