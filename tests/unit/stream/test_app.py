"""The app's settings are the safe ones, whatever stands in the environment."""

from __future__ import annotations

import asyncio

import pytest

from fraudstream.stream.app import BatchApp, settings
from fraudstream.stream.emission import Outlet
from fraudstream.stream.transport import BatchTransport
from tests.unit.stream import fakes


def test_the_topology_says_where_to_connect(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All bootstrap addresses and the group come from the topology, not from the environment."""
    monkeypatch.setenv("BROKER_URL", "kafka://elsewhere")
    app = fakes.app("one:1,two:2")
    app.finalize()
    assert [str(url) for url in app.conf.broker_consumer] == ["kafka://one:1", "kafka://two:2"]
    assert app.conf.id == "fraudstream"


def test_nothing_listens_and_nothing_is_created(app: BatchApp) -> None:
    """Faust's web server and its making of topics are off."""
    assert app.conf.web_enabled is False
    assert app.conf.topic_allow_declare is False
    assert app.conf.topic_disable_leader is True


def test_faust_reads_by_the_batch(app: BatchApp) -> None:
    """The app uses the batch transport, with one agent on the input topic."""
    assert isinstance(app.transport, BatchTransport)
    (agent,) = app.agents.values()
    assert list(agent.channel.topics) == ["fraudstream.events"]
    assert agent.concurrency == 1


def test_record_batches_fit_the_smallest_topic() -> None:
    """The producer packs no more into a batch than each topic takes."""
    assert settings(fakes.topology(), Outlet("a", "d", "j"))["producer_max_batch_size"] == 262_144
    assert (
        settings(fakes.topology(), Outlet("a", "d", "j", 50_000, 9_000))["producer_max_batch_size"] == 9_000
    )
