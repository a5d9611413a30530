"""A stage comes back to what the group has committed, under a number that its checkpoints may bear."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from fraudstream.stores.checkpoints import CheckpointStore, Identity, Meta
from fraudstream.stream.keyed import recovering
from fraudstream.stream.keyed.recovering import StageRecovery
from fraudstream.stream.keyed.standing import StageStanding
from tests.unit.stream.fakes import FakeObserver, FakeProducer, topology
from tests.unit.stream.keyed.test_state import FIRST, TOPIC_IDS, fold, parts, share


def test_a_stage_that_comes_back_unchanged_may_still_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another owner kept it meanwhile, and folded nothing: this one counts on from its number."""
    store = CheckpointStore(str(tmp_path), Identity("group", "topology", 1), keep=2)
    store.save({"of": "another"}, Meta({0: 1}, 4))
    state = share()
    fold(state, parts(FIRST))
    observer, begun = FakeObserver(), []
    monkeypatch.setattr(recovering, "stage_standing", lambda *_: StageStanding(TOPIC_IDS, 0, 1))

    class Begins:
        """Reads nothing again."""

        async def begin(self) -> None:
            begun.append(state.epoch)

    unused = cast(Any, None)
    begins = cast(Any, Begins())
    recovery = StageRecovery(topology(), unused, state, store, FakeProducer(), observer, unused, begins)
    asyncio.run(recovery.take())
    assert begun == [5]
    assert observer.recoveries == []
    store.save(state.snapshot(), state.meta())
