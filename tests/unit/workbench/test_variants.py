"""Which sweeps one pass can answer."""

from __future__ import annotations

import pytest

from fraudstream.rules.errors import RulesetError
from fraudstream.rules.ruleset import Ruleset, build_ruleset
from fraudstream.workbench.thresholds import thresholds
from fraudstream.workbench.variants import Variants, variants
from tests.unit.rule_files import rule_file, rule_files, ruleset_of

REMEDY = "back-test a changed file for each value instead"
COUNT = "{n: {count: events, where: amount_usd > p, by: debtor.id, window: 1h}}"
MODEL = b"""schema: fraudstream.model/v1
id: m
title: A model of a test
features: {amount: log1p(amount_usd)}
estimator: {kind: half_space_trees, trees: 5, height: 4, window: 100}
warm_up: 5000
seed: 1
"""


def swept(ruleset: Ruleset, text: str = "1,9") -> Variants:
    """Return the first rule at some values of its parameter p."""
    rule = ruleset.rules[0]
    return variants(ruleset, rule, thresholds(rule, "p", text))


def refused(ruleset: Ruleset) -> str:
    """Return why the first rule is not swept."""
    with pytest.raises(RulesetError) as error:
        swept(ruleset)
    return str(error.value)


def test_every_value_is_a_shadow_rule_of_its_own() -> None:
    """Beside all rules as they are; bands are a part of the condition."""
    bands = "{of: amount_usd, outcomes: [{name: low, to: 50}, {name: high, from: 50, to: p}]}"
    ruleset = ruleset_of(rule_file("amount_usd > 1", params="{p: 90}", bands=bands, cases="[]"))
    found = swept(ruleset, "80,90")
    first, *shadows = found.ruleset.rules
    assert first == ruleset.rules[0]
    assert [(each.id, each.spec.status, each.bands) for each in shadows] == [
        ("TST-ANY-001#0", "shadow", ()),
        ("TST-ANY-001#1", "shadow", ()),
    ]
    assert shadows[1].when == first.condition != shadows[0].when
    assert found.ids == ("TST-ANY-001#0", "TST-ANY-001#1")


def test_a_value_that_makes_no_rule_is_told_as_its_file_would_be() -> None:
    """Bands that overlap at a value are refused by the loader."""
    bands = "{of: amount_usd, outcomes: [{name: low, to: 50}, {name: high, from: 50, to: p}]}"
    ruleset = ruleset_of(rule_file("amount_usd > 1", params="{p: 90}", bands=bands, cases="[]"))
    assert "band high ends at 1, not after its begin: raise it" in refused(ruleset)


def test_a_parameter_of_a_where_is_refused() -> None:
    """Each value would count other events."""
    ruleset = ruleset_of(rule_file("n > p", params="{p: 3}", features=COUNT))
    message = f"x/0.yml:12:13: p stands in the where of n, so that each value counts other events: {REMEDY}"
    assert refused(ruleset) == message


def test_a_parameter_that_stands_nowhere_is_refused() -> None:
    """No value would change a hit."""
    fault = "p stands nowhere in the condition of TST-ANY-001: sweep a parameter that stands there"
    assert fault in refused(ruleset_of(rule_file(params="{p: 3}")))


def test_a_rule_whose_outcome_others_read_is_refused() -> None:
    """Each value would change those as well."""
    mine = rule_file("amount_usd > p", params="{p: 3}")
    other = rule_file("'rule(\"TST-ANY-001\")'", rule_id="TST-OTHER-001")
    assert "TST-OTHER-001 reads the outcome of TST-ANY-001, so that" in refused(ruleset_of(mine, other))


@pytest.mark.parametrize(
    ("learn", "status", "is_refused"),
    [("not_alerted", "live", True), ("not_alerted", "shadow", False), ("all", "live", False)],
)
def test_a_rule_whose_alerts_a_model_does_not_learn_is_refused(
    learn: str, status: str, is_refused: bool
) -> None:
    """Its alerts change the scores that it reads, also where another rule reads them for it."""
    mine = rule_file("'rule(\"TST-OTHER-001\") and amount_usd > p'", params="{p: 3}", status=status)
    other = rule_file("'score(\"m\") > 0.9'", rule_id="TST-OTHER-001", status="shadow")
    files = rule_files(mine, other)
    files["models/m.yml"] = MODEL + f"learn: {learn}\n".encode()
    ruleset = build_ruleset(files)
    if is_refused:
        fault = "TST-ANY-001 reads the model m, which learns only what does not alert"
        assert f"{fault}: {REMEDY}" in refused(ruleset)
    else:
        assert len(swept(ruleset).ids) == 3
