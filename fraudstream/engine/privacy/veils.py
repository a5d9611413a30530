"""What stands in an alert in the place of a value that may not be seen, or not by everybody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from fraudstream.engine.privacy.keyring import Keyring
from fraudstream.engine.privacy.policy import STRICTNESS, Privacy, Treatment
from fraudstream.events.card_numbers import masked
from fraudstream.events.schema import Column, Schema
from fraudstream.features.catalogue import Aggregate
from fraudstream.rules.schema import FeatureSpec
from fraudstream.rules.tree import Call, Comparison, IsNull, Junction, Name, Node, Not, children

WITHHELD = "(withheld)"
_TEXTS_MAX = 10_000
"""So many texts are remembered with what may be seen of them."""
_TELLING = frozenset(
    {Aggregate.SUM, Aggregate.AVG, Aggregate.MIN, Aggregate.MAX, Aggregate.MEDIAN, Aggregate.LAST}
)
"""Aggregates of which a value may be that of one event; the others count, compare or measure."""
_MEASURES = frozenset({"distance_km", "speed_km_per_h"})
"""Functions whose value does not give away what they were given."""
_NO_VALUES = (Comparison, IsNull, Not, Junction)
"""Conditions: only whether they hold is told."""


class Veil(NamedTuple):
    """Writes in the place of a text what may be seen of it; the greater the number, the less."""

    number: int
    write: Callable[[str], str]

    @property
    def hides(self) -> bool:
        """Whether more is hidden than card numbers."""
        return self.number > 1


VeilOf = Callable[[Node], Veil | None]
"""Tells what is to be seen of the value of an expression; None: all of it."""


class Veils:
    """Which veil lies over which column of a schema, by the policy of a deployment."""

    def __init__(self, privacy: Privacy, schema: Schema) -> None:
        writes = _writes(privacy.keys)
        self._veils = {each: Veil(number, writes[each]) for number, each in enumerate(STRICTNESS, 1)}
        of_column = {each.name: self._over(privacy.treatment(each), each) for each in schema.columns}
        self._of_column = {name: veil for name, veil in of_column.items() if veil is not None}
        withheld = self._veils[Treatment.WITHHOLD]
        self.withheld = frozenset(name for name, veil in self._of_column.items() if veil is withheld)
        """The columns that never leave."""

    def _over(self, treatment: Treatment, column: Column) -> Veil | None:
        if treatment is Treatment.CLEAR and not column.may_hold_cards:
            return None
        return self._veils[treatment]

    def column(self, name: str) -> Veil | None:
        """Return the veil over a column, None where its values leave as they are."""
        return self._of_column.get(name)

    def over(self, features: Mapping[str, FeatureSpec]) -> VeilOf:
        """Return what tells the veil over expressions that name these features, beside columns."""

        def of(node: Node) -> Veil | None:
            veils = [veil for name in _shown(node, features) if (veil := self.column(name)) is not None]
            return max(veils, key=lambda each: each.number) if veils else None

        return of


def _writes(keys: Keyring | None) -> dict[Treatment, Callable[[str], str]]:
    writes: dict[Treatment, Callable[[str], str]] = {
        Treatment.CLEAR: masked,
        Treatment.WITHHOLD: lambda _: WITHHELD,
    }
    if keys is not None:
        writes |= {Treatment.TOKEN: keys.token, Treatment.ENCRYPT: keys.encrypted}
    known = dict.fromkeys(Treatment, writes[Treatment.WITHHOLD]) | writes
    return {each: lru_cache(_TEXTS_MAX)(write) for each, write in known.items()}


def _shown(node: Node, features: Mapping[str, FeatureSpec]) -> set[str]:
    """Return the columns of which an expression may show a value."""
    match node:
        case Name(name) if name in features:
            spec = features[name]
            return {spec.value} if spec.value and spec.aggregate in _TELLING else set()
        case Name(name):
            return {name}
        case Call(function) if function in _MEASURES:
            return set()
    if isinstance(node, _NO_VALUES):
        return set()
    return {name for child in children(node) for name in _shown(child, features)}
