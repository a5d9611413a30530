"""Draws rules, typologies, lists and allow-lists: whole rulesets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import strategies as st

from tests.oracle import layers
from tests.oracle.decisions import ACTIONS, bucket
from tests.oracle.domain import (
    CONSTANTS,
    DAYS,
    HOLIDAYS,
    KEYS,
    LISTS,
    MONEY_CONSTANTS,
    PARTIES,
    QUIET_S,
    SPANS_S,
)
from tests.oracle.draw_conditions import conditions, frequent
from tests.oracle.draw_features import features
from tests.oracle.draw_values import Names, numeric, one_of
from tests.oracle.language import DURATION, NUMBER, OWN_MONEY, SECOND_US, Read, Value
from tests.oracle.rulesets import (
    AllowList,
    Band,
    Feature,
    ListEntry,
    Rollout,
    Rule,
    Ruleset,
    Suppress,
    Typology,
)
from tests.oracle.telling import SEVERITIES

RULES = 4
TYPOLOGIES = ("one", "other")
_ROOTS = ("stddev", "zscore", "ratio")
RATES = (
    (DAYS[0], (("EUR", Decimal("0.8")), ("JPY", Decimal(150)))),
    (DAYS[1], (("EUR", Decimal("0.5")), ("JPY", Decimal(200)))),
)
"""A dollar buys these; on the second day there are others."""
_DAYS: tuple[tuple[date | None, date | None], ...] = (
    (None, None),
    (None, None),
    (DAYS[1], None),
    (None, DAYS[1]),
    (DAYS[1], DAYS[2]),
)


@st.composite
def rulesets(draw: st.DrawFn) -> Ruleset:
    """Draw a ruleset of a few rules."""
    drawn = tuple(draw(rules(number)) for number in range(RULES))
    patterns = tuple(draw(typologies(name, drawn)) for name in TYPOLOGIES)
    return draw(completed(drawn, patterns))


@st.composite
def completed(draw: st.DrawFn, drawn: tuple[Rule, ...], patterns: tuple[Typology, ...]) -> Ruleset:
    """Draw the rest of a ruleset."""
    named = tuple((name, draw(lists(PARTIES))) for name in LISTS)
    days = [(DAYS[0] + timedelta(days=days)).isoformat() for days in range(3)]
    named = (*named, (HOLIDAYS, draw(lists(days))))
    allowed = tuple(draw(st.lists(allow_lists(), max_size=2))) if layers.ALLOW_LISTS else ()
    budget = one_of(draw, None, None, 3, 1) if layers.BUDGETS else None
    return Ruleset(drawn, patterns, RATES, "USD", named, allowed, budget)


@st.composite
def rules(draw: st.DrawFn, number: int) -> Rule:
    """Draw the rule of that number."""
    named = tuple((f"f{index}", draw(features())) for index in range(one_of(draw, 0, 1, 2, 3, 4, 6)))
    names = names_of(named, _references(number))
    first, last = one_of(draw, *_DAYS)
    banded: Value | None = None
    bands: tuple[Band, ...] = ()
    if layers.BANDS and draw(st.integers(0, 3)) == 3:
        banded, kind = draw(numeric(names))
        digits = MONEY_CONSTANTS if kind not in (NUMBER, DURATION) else CONSTANTS
        is_drawn = kind != DURATION and (kind != OWN_MONEY or layers.OWN_MONEY_DECIMALS)
        if is_drawn:
            bands = draw(_bands(digits))
        banded = banded if bands else None
    live = draw(st.integers(0, 4)) < 4
    return Rule(
        f"TST-R-{number}",
        live,
        # Hits that follow each other are what typologies, suppression and budgets live on.
        draw(frequent() if one_of(draw, False, False, True) else conditions(names)),
        named,
        one_of(draw, *ACTIONS[1:], "allow"),
        one_of(draw, 10, 0, 40, 100),
        one_of(draw, *SEVERITIES),
        one_of(draw, *TYPOLOGIES),
        first,
        last,
        draw(suppressions()),
        one_of(draw, None, None, 1, 2) if layers.BUDGETS else None,
        banded,
        bands,
        draw(rollouts(f"TST-R-{number}")) if live and layers.ROLLOUTS else None,
    )


@st.composite
def rollouts(draw: st.DrawFn, rule_id: str) -> Rollout | None:
    """Draw for whom a live rule is live: mostly everyone, else one of them is the last to be in or out."""
    if one_of(draw, False, False, True):
        return None
    by: tuple[str, ...] = one_of(draw, KEYS[:1], KEYS[:1], KEYS[1:2], KEYS[:2])
    last = bucket(rule_id, [one_of(draw, *PARTIES) for _ in by])
    return Rollout(max(1, one_of(draw, last, last + 1)), by)


def names_of(named: Sequence[tuple[str, Feature]], references: tuple[str, ...]) -> Names:
    """Return what the conditions of a rule with these features may name."""
    reads = tuple(Read(name, feature.kind) for name, feature in named)
    uneven = frozenset(name for name, feature in named if feature.aggregate in _ROOTS)
    return Names(reads, uneven, references)


def _references(number: int) -> tuple[str, ...]:
    """Return the rules that a rule may refer to: even ones to the next, so that order is no help."""
    return (f"TST-R-{number + 1}",) if number % 2 == 0 else ()


@st.composite
def suppressions(draw: st.DrawFn) -> Suppress | None:
    """Draw for whom a rule or typology is quiet, and for how long."""
    if draw(st.booleans()):
        return None
    by = tuple(draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=2, unique=True)))
    return Suppress(by, one_of(draw, *QUIET_S) * SECOND_US)


@st.composite
def _bands(draw: st.DrawFn, digits: tuple[str, ...]) -> tuple[Band, ...]:
    """Draw bands without gap or overlap, open or closed at their ends."""
    drawn = draw(st.sets(st.sampled_from(digits), min_size=2, max_size=4))
    limits: list[Decimal | None] = [*sorted(map(Decimal, drawn))]
    limits = [None, *limits[1:]] if draw(st.booleans()) else limits
    limits = [*limits[:-1], None] if draw(st.booleans()) and len(limits) > 2 else limits
    return tuple(
        Band(f"b{index}", low, high, one_of(draw, None, *ACTIONS), one_of(draw, None, 5, 0))
        for index, (low, high) in enumerate(pairwise(limits))
    )


@st.composite
def typologies(draw: st.DrawFn, name: str, drawn: tuple[Rule, ...]) -> Typology:
    """Draw a typology over some rules."""
    if not layers.TYPOLOGIES or draw(st.integers(0, 2)) == 2:
        return Typology(name)
    weights: dict[str, int] = {}
    for rule in drawn:
        names = [rule.id]
        by_band: bool = draw(st.booleans())
        if rule.bands and by_band:
            names = [f"{rule.id}.{band.name}" for band in rule.bands]
        weights |= {each: one_of(draw, 1, 2, 3) for each in names if one_of(draw, True, True, False)}
    if not weights:
        weights = {drawn[0].id: 1}
    # Mostly over an entity of one column, which events often share; now and then over any one or two.
    by: tuple[str, ...] = one_of(draw, KEYS[:1], KEYS[:1], KEYS[:1], KEYS[1:2], KEYS[1:2], KEYS[:2], (), KEYS)
    if by == KEYS:
        by = tuple(draw(st.lists(st.sampled_from(KEYS), max_size=2, unique=True)))
    bands: tuple[Band, ...] = (
        Band("low", Decimal(1), Decimal(2), "review"),
        Band("high", Decimal(2), one_of(draw, None, Decimal(4)), one_of(draw, "report", "hold", "block")),
    )
    if max(weights.values()) < 2 or draw(st.booleans()):
        bands = (Band("any", Decimal(1), one_of(draw, None, Decimal(3)), one_of(draw, *ACTIONS[1:])),)
    window_us = one_of(draw, 5, *SPANS_S) * SECOND_US
    return Typology(name, tuple(weights.items()), by, window_us, bands, draw(suppressions()))


@st.composite
def lists(draw: st.DrawFn, texts: Sequence[str]) -> tuple[ListEntry, ...]:
    """Draw a list of some texts, each on it for some days."""
    drawn = draw(st.sets(st.sampled_from(texts), max_size=2))
    return tuple(ListEntry(text, *one_of(draw, *_DAYS)) for text in sorted(drawn))


@st.composite
def allow_lists(draw: st.DrawFn) -> AllowList:
    """Draw a cap for who is on a list."""
    exempt = tuple(draw(st.sets(st.sampled_from(TYPOLOGIES), max_size=1)))
    return AllowList(one_of(draw, *KEYS), one_of(draw, *LISTS), one_of(draw, *ACTIONS[:-1]), exempt)
