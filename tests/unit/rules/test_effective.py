"""From which day to which day a rule holds, in event time."""

from __future__ import annotations

import pytest

from tests.unit.rule_files import engine_of, event, outcomes, rule_file

HIT, MISS = (1, 0, 0), (0, 1, 0)


@pytest.mark.parametrize(
    ("effective", "at", "expected"),
    [
        ("{from: 2026-03-02}", "2026-03-01T23:59:59.999Z", MISS),
        ("{from: 2026-03-02}", "2026-03-02T00:00:00Z", HIT),
        ("{to: 2026-03-02}", "2026-03-01T23:59:59.999Z", HIT),
        ("{to: 2026-03-02}", "2026-03-02T00:00:00Z", MISS),
        ("{from: 2026-03-02, to: null}", "2199-01-01T00:00:00Z", HIT),
        ("{from: 2026-03-02, to: 2026-03-03}", "2026-03-02T23:00:00Z", HIT),
        ("{from: 2026-03-02, to: 2026-03-03}", "2026-03-02T23:00:00-02:00", MISS),
        ("{}", "1970-01-01T00:00:00Z", HIT),
    ],
)
def test_from_is_inclusive_and_to_is_exclusive(
    effective: str, at: str, expected: tuple[int, int, int]
) -> None:
    """Days begin at midnight UTC; outside its days a rule misses."""
    rule = rule_file("amount_usd > 0", extra=f"effective: {effective}\n")
    assert outcomes(engine_of(rule), event("e", at)) == expected


def test_what_is_unknown_inside_its_days_misses_outside() -> None:
    """A rule that does not hold yet is never unevaluated."""
    rule = rule_file('purpose == "rent"', extra="effective: {from: 2026-03-02}\n")
    before, after = event("a", "2026-03-01T00:00:00Z"), event("b", "2026-03-02T00:00:00Z")
    assert outcomes(engine_of(rule), before, after) == (0, 1, 1)
