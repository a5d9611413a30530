"""Who needs an answer of the broker asks again while it is away, and only then."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError, NotCoordinatorForGroupError, UnknownError

from fraudstream.stream import patience
from fraudstream.stream.errors import BrokerError
from fraudstream.stream.patience import until_answered
from fraudstream.stream.sender import FencedError
from tests.unit.stream.fakes import FakeObserver

AWAY = [
    BrokerError("b:9092: no Kafka broker there", is_away=True),
    KafkaConnectionError("refused"),
    NotCoordinatorForGroupError(),
    KafkaTimeoutError(),
    TimeoutError(),
]
FOR_GOOD = [BrokerError("deleted", "topics"), UnknownError(), FencedError(), ValueError("a fault of ours")]


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask again at once."""
    monkeypatch.setattr(patience, "AGAIN_SECONDS", 0)


class Broker:
    """Fails with one error after the other, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    async def ask(self) -> str:
        """Return the answer, or fail once more."""
        if self.errors:
            raise self.errors.pop(0)
        return "here I am"


def test_a_broker_that_is_away_is_asked_until_it_answers(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever the ways in which it is away; it is counted each time and said once."""
    observer = FakeObserver()
    answer = asyncio.run(until_answered(Broker(*AWAY).ask, observer))
    assert answer == "here I am"
    assert observer.errors == ["broker"] * len(AWAY)
    assert caplog.messages == [
        "the broker does not answer (b:9092: no Kafka broker there): asking again until it does"
    ]


@pytest.mark.parametrize("error", FOR_GOOD, ids=repr)
def test_another_failure_is_raised(error: Exception) -> None:
    """What would fail for ever is not asked again."""
    observer = FakeObserver()
    with pytest.raises(type(error)):
        asyncio.run(until_answered(Broker(error).ask, observer))
    assert observer.errors == []
