"""What an alert says of a rule that hit, as a template for all events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraudstream.engine.alerts import rule_head
from fraudstream.engine.deciding import Hit
from fraudstream.engine.pieces import (
    AMOUNT,
    CELL,
    GROUPED,
    IDS,
    MOMENT,
    MONEY,
    OF_EVENT,
    OWN,
    SAID,
    TEXT,
    TIME,
    WHOLE,
)
from fraudstream.engine.privacy.veils import Veils
from fraudstream.engine.script import Draft, Piece, Script, in_json, inside_text
from fraudstream.engine.wording import Moment, Slot, Wording
from fraudstream.events.money import EXPONENTS
from fraudstream.rules.program import Bank
from fraudstream.rules.types import Kind
from fraudstream.rules.vectors import Vectors
from fraudstream.rules.vm_code import Registers

REASON, BUDGET = range(2)
"""The texts that a hit has of its own: what ends its reason, and its alert budget."""
_KINDS = {
    Kind.TEXT: (TEXT, SAID),
    Kind.NUMBER: (WHOLE, GROUPED),
    Kind.MONEY: (AMOUNT, MONEY),
    Kind.TIME: (TIME, MOMENT),
}
"""The pieces for whole numbers of some types: in JSON, and in a sentence."""


class _Cell(NamedTuple):
    """A value that no kernel can write, and its row."""

    row: int
    slot: Slot


@dataclass
class RuleTemplate:
    """The template of a hit, and what has to be noted for each event that it is filled in for."""

    wording: Wording
    number: int
    cells: list[_Cell] = field(default_factory=list)

    def note(self, moment: Moment, draft: Draft, column: int) -> None:
        """Put the values of an event that no kernel can write into its column."""
        for row, slot in self.cells:
            value = moment.written(slot)
            text = inside_text(value) if slot.format.said else in_json(value)
            draft.cells[row, column] = draft.texts([text]).start

    @property
    def is_fixed(self) -> bool:
        """Whether nothing has to be noted for an event."""
        return not self.cells and self.wording.sentence is not None

    def reason(self, moment: Moment) -> str:
        """Return what of the reason depends on the event."""
        return "" if self.wording.sentence is not None else self.wording.reason(moment)


class RuleTemplates:
    """The templates of the hits of a ruleset, made when they are first told of.

    In a draft the registers of rules are the rows of whole numbers from `first_register` on.
    """

    def __init__(self, script: Script, first_register: int, veils: Veils) -> None:
        self._script = script
        self._veils = veils
        self._first_register = first_register
        self._text_registers: list[int] = []
        self._known: dict[Hit, RuleTemplate] = {}

    def of(self, hit: Hit, vectors: Vectors) -> RuleTemplate:
        """Return the template of a hit."""
        if hit not in self._known:
            self._known[hit] = self._template(hit, vectors)
        return self._known[hit]

    def codes(self, registers: Registers) -> NDArray[np.int32]:
        """Return the codes of all texts that templates may show of some events."""
        known = registers.wholes_known[self._text_registers].astype(bool)
        codes: NDArray[np.int32] = registers.wholes[self._text_registers][known].astype(np.int32)
        return codes

    def _template(self, hit: Hit, vectors: Vectors) -> RuleTemplate:
        template = RuleTemplate(Wording(hit.bound.when, self._veils.over(hit.bound.rule.spec.features)), 0)
        literal = self._script.literal
        pieces = [literal(f'{in_json(rule_head(hit))[:-1]},"reason":"')]
        for part in template.wording.sentence or ():
            pieces.append(
                literal(inside_text(part)) if isinstance(part, str) else self._value(part, vectors, template)
            )
        pieces += [Piece(OWN, REASON), literal('","evidence":{')]
        for number, (name, slot) in enumerate(template.wording.leaves.items()):
            pieces += [
                literal(f"{',' if number else ''}{in_json(name)}:"),
                self._value(slot, vectors, template),
            ]
        pieces += [literal('},"contributing_event_ids":'), Piece(IDS, 0), literal(',"budget":')]
        template.number = self._script.template([*pieces, Piece(OWN, BUDGET), literal("}")])
        return template

    def _value(self, slot: Slot, vectors: Vectors, template: RuleTemplate) -> Piece:
        register, type_ = vectors.register(slot.number), slot.format.type
        if slot.format.veiled or register.bank is not Bank.WHOLE or type_.kind not in _KINDS:
            template.cells.append(_Cell(self._script.row(), slot))
            return Piece(CELL, template.cells[-1].row)
        kind, row = _KINDS[type_.kind][slot.format.said], self._first_register + register.index
        if type_.kind is Kind.TEXT:
            self._text_registers.append(register.index)
        if type_.kind is not Kind.MONEY:
            return Piece(kind, row)
        if type_.currency is None:
            return Piece(kind, row, OF_EVENT)
        return Piece(kind, row, EXPONENTS[type_.currency], self._script.number(type_.currency))
