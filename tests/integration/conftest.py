"""The broker and the topic names of the integration tests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.conftest import BROKERS
from tests.integration.broker import delete_topics, session_broker
from tests.integration.stream_rig import NewRig, Rig


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The bootstrap address of one broker for all tests of the run."""
    with session_broker(tmp_path_factory.mktemp("kafka")) as broker:
        request.config.stash[BROKERS].append(broker.name)
        yield broker.bootstrap


@pytest.fixture
def topic_names(request: pytest.FixtureRequest, kafka: str) -> Iterator[Callable[[str], str]]:
    """Makes of a word a topic name that no other test or run has; the topic is deleted after the test."""
    test = re.sub(r"[^a-zA-Z0-9_-]+", "-", request.node.name)[:100]
    prefix = f"{test}-{uuid4().hex[:8]}"
    given: set[str] = set()

    def name(word: str) -> str:
        given.add(f"{prefix}.{word}")
        return f"{prefix}.{word}"

    yield name
    delete_topics(kafka, given)


@pytest.fixture
def new_rig(kafka: str, topic_names: Callable[[str], str], tmp_path: Path) -> Iterator[NewRig]:
    """Makes a rig with so many partitions; its workers are ended after the test."""
    rigs: list[Rig] = []

    def make(partitions: int = 4) -> Rig:
        names = [topic_names(word) for word in ("events", "alerts", "dead")]
        rigs.append(Rig(kafka, names[0].removesuffix(".events"), partitions, tmp_path))
        return rigs[-1]

    yield make
    for rig in rigs:
        for worker in rig.workers:
            worker.kill()
