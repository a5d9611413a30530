"""What is said of topics and clusters is one line with the remedy."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from fraudstream.config import Topology
from fraudstream.stream import admin
from fraudstream.stream.admin import TopicState, create_topics, lag
from fraudstream.stream.errors import BrokerError
from fraudstream.stream.knocking import reach
from tests.unit.stream.fakes import topology


def test_a_topic_says_how_it_is() -> None:
    """Created, found, and of no matter how many partitions are told apart."""
    assert str(TopicState("events", 4, 4, created=True)) == "events: created, 4 partitions"
    assert str(TopicState("alerts", 1, None, created=False)) == "alerts: exists, 1 partitions"


def test_a_topic_that_does_not_fit_says_the_remedy() -> None:
    """Another number of partitions than the topology's is named with what to do."""
    state = TopicState("events", 1, 4, created=False)
    assert not state.fits
    assert str(state) == (
        "events: exists, 1 partitions, but the topology says 4: mend the topology, or make the topic anew"
    )


@pytest.mark.parametrize("task", [create_topics, lag])
def test_an_unreachable_broker_is_one_error(task: Callable[[Topology], object]) -> None:
    """Every task on a cluster that is not there raises the error that names it."""
    with pytest.raises(BrokerError, match=r"^127\.0\.0\.1:1: no Kafka broker there \(Connection refused\): "):
        task(topology("127.0.0.1:1"))


def test_one_of_several_addresses_is_enough() -> None:
    """The cluster is reached if any of its addresses is; else the last one's reason is given."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        reach(f"127.0.0.1:1,127.0.0.1:{server.getsockname()[1]}")
    with pytest.raises(OSError, match="Connection refused"):
        reach("127.0.0.1:1,127.0.0.1:2")


def test_a_listener_that_is_no_broker_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something that takes connections and stays silent is not waited for longer than stated."""
    monkeypatch.setattr(admin, "BROKER_SECONDS_MAX", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(BrokerError, match=rf"^{address}: no Kafka broker there \(silent for 0\.2 s\): "):
            create_topics(topology(address))
