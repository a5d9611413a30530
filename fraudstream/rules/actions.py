"""rules/actions.yml: what holds for the actions of all rules, allow-lists and the alert budget."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

from pydantic import Field

from fraudstream.rules.errors import Problem, did_you_mean
from fraudstream.rules.fields import Strict
from fraudstream.rules.schema import Action
from fraudstream.rules.yaml_file import YamlFile, YamlPath


class AllowList(Strict):
    """An event whose `column` is in `list` gets no graver action than `at_most`.

    Hits of the typologies of `except` keep their action.
    """

    column: str
    list_: str = Field(alias="list")
    at_most: Annotated[Action, Field(strict=False)]
    except_: list[str] = Field([], alias="except")
    reason: str


class Actions(Strict):
    """rules/actions.yml; `alerts_per_hour_max` is the budget of each rule that has none of its own."""

    schema_: Literal["fraudstream.actions/v1"] = Field("fraudstream.actions/v1", alias="schema")
    alerts_per_hour_max: int | None = Field(None, ge=1)
    allow_lists: tuple[AllowList, ...] = Field((), strict=False)

    def columns(self) -> Iterator[tuple[YamlPath, tuple[str, ...]]]:
        """Yield the columns that are looked up, and where the file names them."""
        for index, entry in enumerate(self.allow_lists):
            yield ("allow_lists", index, "column"), (entry.column,)


def check_actions(
    file: YamlFile, actions: Actions, lists: Iterable[str], typologies: Iterable[str]
) -> Iterator[Problem]:
    """Yield the lists and typologies that are named and not there, and entries that cap nothing."""
    lists, typologies = list(lists), list(typologies)
    for index, entry in enumerate(actions.allow_lists):
        path: YamlPath = ("allow_lists", index)
        if entry.list_ not in lists:
            remedy = did_you_mean(entry.list_, lists) or "add it to lists/"
            yield file.problem((*path, "list"), f"there is no list {entry.list_}: {remedy}")
        if entry.at_most is Action.BLOCK:
            remedy = "lower at_most, or take the entry out"
            yield file.problem((*path, "at_most"), f"nothing is graver than block: {remedy}")
        for number, typology in enumerate(entry.except_):
            if typology not in typologies:
                remedy = did_you_mean(typology, typologies) or "name one of typologies.yml"
                yield file.problem((*path, "except", number), f"there is no typology {typology}: {remedy}")
