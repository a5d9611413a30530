"""What a deployment decides on personal data: how each column leaves in alerts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fraudstream.engine.privacy.keyring import Keyring
from fraudstream.events.schema import Column, Schema, Sensitivity


class Treatment(StrEnum):
    """How the values of a column leave in alerts, the mildest first."""

    CLEAR = "clear"
    """As they are, but for card numbers in free text."""
    TOKEN = "token"  # nosec B105 # a word of the topology, no password
    """As keyed tokens: who has no key can tell equal values, and nothing else."""
    ENCRYPT = "encrypt"
    """Encrypted: who has the key can read them."""
    WITHHOLD = "withhold"
    """Not at all."""


STRICTNESS = tuple(Treatment)
"""Where values of several columns leave together, the strictest of their treatments holds."""
KEYED = frozenset({Treatment.TOKEN, Treatment.ENCRYPT})


@dataclass(frozen=True)
class Privacy:
    """How personal columns leave, and those of `columns` otherwise; secret ones are always withheld.

    Without keys what needs them is withheld.
    """

    personal: Treatment = Treatment.CLEAR
    columns: Mapping[str, Treatment] = field(default_factory=dict)
    keys: Keyring | None = None

    def treatment(self, column: Column) -> Treatment:
        """Return how a column leaves."""
        treatment = self.declared(column)
        return Treatment.WITHHOLD if treatment in KEYED and self.keys is None else treatment

    def declared(self, column: Column) -> Treatment:
        """Return how a column leaves where all keys are there."""
        match column.sensitivity:
            case Sensitivity.SECRET:
                return Treatment.WITHHOLD
            case Sensitivity.PERSONAL:
                return self.columns.get(column.name, self.personal)
        return Treatment.CLEAR

    def is_open(self, schema: Schema) -> bool:
        """Whether every column leaves as it is: only then may whole messages, or parts of them, leave too."""
        return all(self.declared(each) is Treatment.CLEAR for each in schema.columns)


OPEN = Privacy()
"""Personal data leave as they are."""
