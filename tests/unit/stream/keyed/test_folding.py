"""An event on which a stage fails is found and left out, and the stage is as if it had never come."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from fraudstream.engine.features import FeatureStage
from fraudstream.engine.keyed.ingest import Ingest
from fraudstream.engine.keyed.part import OutOfStepError, Packed, read
from fraudstream.engine.keyed.share import Share
from fraudstream.events.packing import PackingError
from fraudstream.stream.keyed.state import StageState
from tests.unit.rule_files import event
from tests.unit.stream.fakes import FakeObserver, record
from tests.unit.stream.keyed.test_state import FIRST, SETTINGS, TOPIC_IDS, folding, share


class PoisonError(RuntimeError):
    """What the engine raises."""


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have shares raise, behind all harm, on events whose id begins with x; return the ids of each step.

    They raise as well where all of two events are together that begin with y.
    """
    plain, seen = FeatureStage.advance_part, []

    def advance_part(self: Any, view: Any, *rest: Any) -> Any:
        found = plain(self, view, *rest)
        ids = view.batch.ids.all()
        seen.append(" ".join(ids))
        if any(each.startswith("x") for each in ids) or {"y1", "y2"} <= set(ids):
            raise PoisonError("no such luck")
        return found

    monkeypatch.setattr(FeatureStage, "advance_part", advance_part)
    return seen


def sent(*batches: Sequence[str]) -> list[bytes]:
    """Return what a share is sent of some batches of events, all of one moment."""
    ingest = Ingest(FIRST, SETTINGS, 1)
    return [ingest.step([event(name) for name in names]).parts[0].value for names in batches]


class Setup:
    """A share that is recovered by folding everything again from its first part on."""

    def __init__(self, values: Sequence[bytes]) -> None:
        self.values = values
        self.state: StageState[Share] = share()
        self.observer = FakeObserver()
        self.folding = folding(self.state, observer=self.observer)
        self.folding.again = self.again

    async def again(self, upto: int) -> None:
        """Bring the share to before an offset."""
        self.state.renew(None, TOPIC_IDS)
        for offset in range(upto):
            await self.folding.fold(record(offset, self.values[offset]))
        self.state.is_whole = True

    def run(self) -> list[Packed]:
        """Return what the share tells of all parts."""

        async def folded() -> list[Packed]:
            each = [await self.folding.fold(record(at, value)) for at, value in enumerate(self.values)]
            return [read(one.messages[0].value or b"") for one in each]

        return asyncio.run(folded())


def test_the_events_on_which_a_share_fails_are_left_out(poisoned: list[str]) -> None:
    """All of a part and of several; the state is what it is without them, and each is told of once."""
    setup = Setup(sent("ab", ["c", "x1", "d", "x2"], ["x3"], "e"))
    told = setup.run()
    failed = [[(each.event, each.exception, each.detail) for each in one.failures] for one in told]
    poison = ("PoisonError", "no such luck (in share 0)")
    assert failed == [[], [(1, *poison), (3, *poison)], [(0, *poison)], []]
    plain = Setup(sent("ab", "cd", "e"))
    assert [one.arrays.keys() for one in plain.run()] == [told[at].arrays.keys() for at in (0, 1, 3)]
    for name, array in plain.state.stage.snapshot()["generations"][0].items():
        assert repr(array) == repr(setup.state.stage.snapshot()["generations"][0][name])
    assert setup.observer.errors == ["step"] * 3
    assert setup.state.can_be_kept


def test_a_replay_leaves_out_the_same_events(poisoned: list[str]) -> None:
    """Another worker that knows nothing of them finds them again: the same bytes."""
    values = sent("ab", ["c", "x1"], ["x2", "d"])
    assert [repr(one) for one in Setup(values).run()] == [repr(one) for one in Setup(values).run()]


def test_what_is_known_is_not_looked_for_again(poisoned: list[str]) -> None:
    """A recovery that comes by it folds the part once."""
    setup = Setup(sent("ab", ["c", "x1"]))
    setup.run()
    poisoned.clear()
    asyncio.run(setup.again(2))
    assert poisoned == ["a b", "c"]


def test_a_part_that_only_fails_as_a_whole_stops_the_worker(poisoned: list[str]) -> None:
    """No event is to blame; the state is what it was before."""
    setup = Setup(sent("ab", ["y1", "y2"]))
    with pytest.raises(PoisonError):
        setup.run()
    assert setup.state.positions == {0: 1}
    assert (setup.state.is_whole, setup.state.failures) == (True, {})


def test_a_part_that_cannot_be_read_is_no_poison(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails without any event is not blamed on one."""

    def fails(*_: Any) -> bytes:
        raise KeyError("time_us")

    setup = Setup(sent("ab"))
    monkeypatch.setattr(Share, "step", fails)
    with pytest.raises(KeyError):
        setup.run()
    assert setup.state.failures == {}


@pytest.mark.parametrize("value", [b"not packed", None])
def test_what_is_no_part_says_so(value: bytes | None) -> None:
    """Something else writes to the topic, which the worker cannot go on with."""
    with pytest.raises(PackingError, match="does something else write to the topic"):
        asyncio.run(Setup([]).folding.fold(record(0, value)))


def test_parts_out_of_step_are_no_poison(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is looked for: no event is to blame."""

    def step(*_: Any) -> bytes:
        raise OutOfStepError("another's")

    monkeypatch.setattr(Share, "step", step)
    setup = Setup(sent("ab"))
    with pytest.raises(OutOfStepError):
        setup.run()
    assert setup.observer.errors == []
