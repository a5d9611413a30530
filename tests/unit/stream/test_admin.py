"""What is said of topics and clusters is one line with the remedy."""

from __future__ import annotations

import pytest

from fraudstream.stream import admin
from fraudstream.stream.admin import BrokerError, TopicState, create_topics, lag
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
        "events: exists, 1 partitions, but the topology says 4: "
        "set input.partitions to 1, or make the topic anew"
    )


@pytest.mark.parametrize("task", [create_topics, lag])
def test_an_unreachable_broker_is_one_error(task: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every task on a cluster that does not answer raises the error that names it."""
    assert callable(task)
    monkeypatch.setattr(admin, "BROKER_SECONDS_MAX", 0.1)
    with pytest.raises(BrokerError, match=r"^127\.0\.0\.1:1: no Kafka broker answered within 0\.1 s"):
        task(topology("127.0.0.1:1"))
