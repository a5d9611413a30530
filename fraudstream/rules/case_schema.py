"""The inline tests of a rule file: their fields and what each may hold."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from fraudstream.rules.fields import Strict


class Case(Strict):
    """One inline test: events before, the event, and what the rule must say, a hit also in which band."""

    name: str
    """What the case shows."""
    history: list[dict[str, Any]] | None = None
    """The events before, instead of those of all cases; `at: -2h` says when."""
    event: dict[str, Any] = Field({})
    """What differs from the defaults."""
    scores: dict[str, float] = Field({})
    """Stands in for the models' scores, by their ids."""
    expect: Literal["hit", "miss", "not_evaluated"]
    """What the rule must say."""
    band: str | None = None
    """The band that a hit must lie in."""

    @property
    def expected(self) -> str:
        """What the rule must say, in words."""
        return self.expect if self.band is None else f"{self.expect} in band {self.band}"

    @model_validator(mode="after")
    def _band_is_of_a_hit(self) -> Case:
        if self.band is not None and self.expect != "hit":
            raise ValueError(
                f"only a hit lies in a band: take band out, or write expect: hit in {self.name!r}"
            )
        return self


class Accepted(Strict):
    """A change of the rule that no case can notice, in the words of `fraudstream rules mutate`, and why."""

    change: str
    """The words between `no case notices` and the colon."""
    because: str = Field(min_length=1)
    """Why no case can show it."""


class Tests(Strict):
    """The inline tests; defaults are put under every event."""

    defaults: dict[str, Any] = Field({})
    """Columns that every event has unless it says otherwise."""
    history: list[dict[str, Any]] = Field([])
    """The events before the event of a case that gives none of its own."""
    cases: list[Case]
    accept: list[Accepted] = Field([])
    """Changes of the rule that no case can notice."""

    @model_validator(mode="after")
    def _names_differ(self) -> Tests:
        names = [case.name for case in self.cases]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two cases are named {name!r}: give each its own name")
        return self
