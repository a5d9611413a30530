"""What a stage keeps is enough to go on from, and nothing else is gone on from."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from fraudstream.engine.keyed.ingest import Ingest
from fraudstream.engine.keyed.merge import Merge
from fraudstream.engine.keyed.part import OutOfStepError, Stretch
from fraudstream.engine.keyed.share import Share
from fraudstream.engine.step import Settings
from fraudstream.rules.ruleset import Ruleset
from fraudstream.stores.checkpoints import Listed, Loaded, Meta
from fraudstream.stream.keyed.continuity import StageContinuity
from fraudstream.stream.keyed.folding import Folding
from fraudstream.stream.keyed.sharing import Sharing
from fraudstream.stream.keyed.standing import StageStanding
from fraudstream.stream.keyed.state import StageState, UnknownRulesetError
from tests.unit.rule_files import event, rule_file, ruleset_of
from tests.unit.stream.fakes import FakeObserver, keyed_topology, record

TOPIC_IDS = ("id of parts", "id of found")
SETTINGS = Settings()


def counting(least: int) -> Ruleset:
    """Return one rule that counts the payments of a debtor."""
    features = "{n: {count: events, by: debtor.id, window: 30d}}"
    return ruleset_of(rule_file(f"n >= {least}", features=features, cases="[]", status="live"))


FIRST, SECOND = counting(2), counting(3)
RULESETS = {each.version: each for each in (FIRST, SECOND)}


def share(ruleset: Ruleset = FIRST) -> StageState[Share]:
    """Return the state of the only share of a topology, new to its topics."""
    state = StageState(Share(ruleset, SETTINGS, 0, 1), 0, 1, RULESETS.get)
    state.renew(None, TOPIC_IDS)
    return state


def parts(*rulesets: Ruleset) -> list[bytes]:
    """Return what the share is sent of one event under each ruleset."""
    ingest = Ingest(rulesets[0], SETTINGS, 1)
    sent = []
    for number, ruleset in enumerate(rulesets):
        if ruleset is not ingest.ruleset:
            ingest.reload(ingest.prepare(ruleset))
        sent.append(ingest.step([event(f"e{number}")]).parts[0].value)
    return sent


def folding(
    state: StageState[Share], first: int = 0, ids: tuple[str, ...] = TOPIC_IDS, observer: Any = None
) -> Folding:
    """Return what folds the share's parts, of which those before `first` have left the topic of that id."""
    standing, topology = StageStanding(ids, first, 0), keyed_topology(1)
    assert topology.keyed is not None
    observer = observer or FakeObserver()
    continuity = StageContinuity(topology, topology.keyed, state, observer, lambda *_: standing)
    return Folding(state, Sharing(state, topology.keyed, observer), continuity, observer)


def fold(state: StageState[Share], values: Sequence[bytes]) -> list[bytes]:
    """Return what the share finds in some parts, from its position on."""

    async def folded() -> list[bytes]:
        work = folding(state)
        first = state.positions[0]
        told = [await work.fold(record(first + row, value)) for row, value in enumerate(values)]
        return [each.messages[0].value or b"" for each in told]

    return asyncio.run(folded())


def kept(state: StageState[Share]) -> Loaded:
    """Return the checkpoint of a state."""
    meta = state.meta()
    return Loaded(state.snapshot(), meta, listed(meta))


def listed(meta: Meta) -> Listed:
    """Return what the manifest of a checkpoint tells."""
    return Listed(meta.epoch, 0, meta.positions, meta.extra, 0, 0, 0.0, 0)


def test_a_checkpoint_is_gone_on_from() -> None:
    """The same parts give the same bytes, under a ruleset that came in force meanwhile."""
    values = parts(FIRST, FIRST, SECOND, SECOND)
    whole, broken = share(), share()
    expected = fold(whole, values)
    assert fold(broken, values[:3]) == expected[:3]
    heir = share()
    heir.renew(kept(broken), TOPIC_IDS)
    assert (heir.positions, heir.stage.ruleset.version) == ({0: 3}, SECOND.version)
    assert fold(heir, values[3:]) == expected[3:]


def test_a_state_that_has_seen_nothing_begins_with_the_ruleset_of_its_first_part() -> None:
    """Whatever this worker was started with: a feature of both is not kept from before."""
    values = parts(SECOND, SECOND)
    assert fold(share(FIRST), values) == fold(share(SECOND), values)


@pytest.mark.parametrize("order", [(0, 2), (0, 1, 1)], ids=["skipped", "twice"])
def test_a_part_must_follow_the_last_one(order: tuple[int, ...]) -> None:
    """Else its features would be wrong without anybody noticing; a checkpoint knows what comes next, too."""
    values = parts(FIRST, FIRST, FIRST)
    state = share()
    fold(state, [values[each] for each in order[:-1]])
    heir = share()
    heir.renew(kept(state), TOPIC_IDS)
    for each in (state, heir):
        with pytest.raises(OutOfStepError, match="skipped or are there twice"):
            fold(each, [values[order[-1]]])
        assert each.positions == {0: len(order) - 1}


def test_after_a_gap_anything_may_come() -> None:
    """Parts that have left the topic are missed, and so may be an input that was made anew."""
    values = parts(FIRST, FIRST, FIRST)
    state = share()
    fold(state, values[:1])
    state.miss()
    fold(state, values[2:])
    fold(state, values[:1])
    assert state.following == 1


def test_a_ruleset_that_is_not_to_be_found_is_named() -> None:
    """The worker cannot go on, and says what to do."""
    state = share()
    other = counting(9)
    with pytest.raises(UnknownRulesetError, match=rf"{other.version} is in force.*same checkpoints\.url"):
        fold(state, parts(other))
    assert state.positions == {0: 0}


@pytest.mark.parametrize(
    ("change", "committed", "fits"),
    [
        ({}, 5, True),
        ({}, 4, False),
        ({"topic_ids": ["id of parts", "another"]}, 5, True),
        ({"topic_ids": ["another", "another"]}, 0, True),
        ({"partitions": 2}, 5, False),
    ],
    ids=["whole", "ahead", "found made anew", "parts made anew", "another number of shares"],
)
def test_a_checkpoint_must_be_of_as_many_shares_and_committed(
    change: dict[str, Any], committed: int, fits: bool
) -> None:
    """Else what it has seen never happened, or is somewhere else."""
    state = share()
    state.folded(5, Stretch(0, 3, 0, 0, ""))
    meta = state.meta()
    told = listed(Meta(meta.positions, meta.epoch, {**meta.extra, **change}))
    assert state.fits(told, committed, TOPIC_IDS) is fits


def test_nothing_is_kept_before_something_is_folded() -> None:
    """An empty state would only push a good checkpoint out."""
    state = share()
    assert not state.can_be_kept
    fold(state, parts(FIRST))
    assert state.can_be_kept


@pytest.mark.parametrize(
    ("stage", "warmed"), [(Merge(FIRST, SETTINGS, 1), [SECOND.version]), (share().stage, [])]
)
def test_models_are_warm_before_the_last_stage_turns(
    stage: Any, warmed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that compiles would hold up all that the worker does; the shares have no models."""
    state = StageState(stage, 0, 1, RULESETS.get)
    state.has_begun = True
    seen: list[str] = []

    def warm(ruleset: Ruleset, _: Settings) -> None:
        assert state.stage.ruleset is FIRST
        seen.append(ruleset.version)

    monkeypatch.setattr("fraudstream.stream.keyed.state.warm_models", warm)
    state.stage = stage
    asyncio.run(state.turn_to(Stretch(1, 1, 0, 1, SECOND.version)))
    assert (seen, state.stage.ruleset) == (warmed, SECOND)
