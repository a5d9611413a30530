"""The streams of the contests are those of their sources, and choices are made before the test."""

from __future__ import annotations

import numpy as np
import pytest

from loadtest.quality import contests, fraudtwin_product
from loadtest.quality.comparison import RULES, Contest
from loadtest.quality.data import DAY_US
from loadtest.quality.handbook_models import staged
from loadtest.quality.passes import Said
from tests.unit.loadtest.quality.drawn import drawn_payments
from tests.unit.loadtest.quality.test_fraudtwin import worlds


@pytest.fixture(scope="module")
def demo() -> Contest:
    """Return the demo's contest on few events of two seeds."""
    return contests.of_demo(20_000, (11, 12))[0]


def test_the_demo_is_told_by_its_rules(demo: Contest) -> None:
    """Rules hit incidents, and hardly anything else."""
    told = demo.keys[RULES] > 0
    assert told.sum() > 30
    assert demo.stream.fraud[told].mean() > 0.9


def test_what_choices_are_made_on_comes_before_the_test(demo: Contest) -> None:
    """In each of the two worlds, which have no day, payer and incident in common."""
    second = np.arange(40_000) >= 20_000
    for world in (~second, second):
        earlier, test = demo.earlier[world[demo.earlier]], demo.test[world[demo.test]]
        assert demo.stream.period[earlier].max() < demo.stream.period[test].min()
    for part in (demo.stream.period, demo.stream.entity, demo.stream.case):
        assert not np.intersect1d(part[second], part[~second]).size


def test_the_handbooks_rules_without_labels_read_none() -> None:
    """The rule that counts known frauds of a terminal is in the first contest alone."""
    stage = staged(drawn_payments(4_000, seed=1, days=183, cards=900, terminals=50))
    count = len(stage.payments.day)
    said = Said(count, {"HBK-TRM-001": np.full(count, 50, np.int16), "MOD-LRN-001": np.ones(count, np.int16)})
    with_labels, without = contests.of_handbook(stage, said)
    assert (with_labels.keys[RULES] == 50).all()
    assert not without.keys[RULES].any()
    assert not np.intersect1d(with_labels.earlier, with_labels.test).size


def test_the_worlds_go_through_the_projects_rules() -> None:
    """A card of 12 payments in ten minutes is told; labels of one world come before the next."""
    stream = worlds(160, {}, set())
    burst = np.arange(160) % 20 * 1_000_000 + stream.world * 10 * DAY_US
    said = fraudtwin_product.judged(
        type(stream)(**{**vars(stream), "time_us": burst, "card": stream.world, "known_us": burst + DAY_US})
    )
    assert np.flatnonzero(said.hits["FRD-VEL-001"]).tolist() == [row for row in range(160) if row % 20 >= 11]
    assert contests.of_fraudtwin(stream, said).test.tolist() == [*range(80, 160)]
