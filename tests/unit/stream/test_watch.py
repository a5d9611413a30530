"""What no message would tell is told all the same, once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from fraudstream.config import Topology
from fraudstream.stream.errors import BrokerError
from fraudstream.stream.watch import GONE_LOOKS, TopicWatch
from tests.unit.stream.fakes import FakeObserver, keyed_topology, topology

Answer = tuple[str, int] | None | BrokerError
SINGLE = topology()
KEYED = keyed_topology(2)
AWAY = BrokerError("127.0.0.1:1: no Kafka broker there")


class Setup:
    """A watch that is given answers, one at each look."""

    def __init__(
        self,
        answers: Sequence[Answer],
        watched: Topology = SINGLE,
        name: str = SINGLE.input.topic,
        others: Mapping[str, tuple[str, int]] | None = None,
    ) -> None:
        self.failures = 0
        self.observer = FakeObserver()
        left = iter(answers)

        def ask(_: object) -> dict[str, tuple[str, int] | None]:
            answer = next(left)
            if isinstance(answer, BrokerError):
                raise answer
            return {**(others or {}), name: answer}

        watch = TopicWatch(watched, self.observer, self.fail, lambda: "a", {}, ask)
        for _ in answers:
            asyncio.run(watch.look())

    def fail(self) -> None:
        """Count the failures."""
        self.failures += 1


def test_a_broker_that_is_away_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """The metric goes on counting for as long as it is away; the worker goes on."""
    caplog.set_level("INFO", "fraudstream")
    setup = Setup([("a", 1), AWAY, AWAY, AWAY, ("a", 1)])
    assert setup.observer.errors == ["broker"] * 3
    assert caplog.messages == [
        "127.0.0.1:1: no Kafka broker there; until it answers nothing is judged, and nothing is lost",
        "the broker answers again",
    ]
    assert setup.failures == 0


def test_an_input_that_is_gone_ends_the_worker(caplog: pytest.LogCaptureFixture) -> None:
    """Not at the first look, which a broker that has just come back may answer wrongly."""
    assert Setup([("a", 1), *[None] * (GONE_LOOKS - 1), ("a", 1)]).failures == 0
    setup = Setup([("a", 1), *[None] * GONE_LOOKS])
    assert (setup.failures, setup.observer.errors) == (1, ["topics"])
    assert caplog.messages == [
        "localhost:9092: fraudstream.events was deleted while it was read: stopping; "
        "create it with `fraudstream topics create`"
    ]


def test_an_input_that_was_made_anew_ends_the_worker(caplog: pytest.LogCaptureFixture) -> None:
    """Its offsets mean something else."""
    setup = Setup([("a", 1), ("b", 1)])
    assert (setup.failures, setup.observer.errors) == (1, ["topics"])
    assert "fraudstream.events was deleted and made anew while it was read: stopping" in caplog.text


def test_added_partitions_are_told(caplog: pytest.LogCaptureFixture) -> None:
    """They are read; the topology file is to be mended."""
    setup = Setup([("a", 1), ("a", 2), ("a", 2)])
    assert (setup.failures, setup.observer.errors) == (0, ["topics"])
    assert "has 2 partitions now, it had 1: all are read" in caplog.text


STAGE_TOPICS = {KEYED.input.topic: ("a", 4), "fraudstream.parts": ("p", 3), "fraudstream.found": ("f", 2)}


@pytest.mark.parametrize(
    ("name", "answers", "message"),
    [
        (
            "parts",
            [("p", 3), *[None] * GONE_LOOKS],
            "was deleted while it was read: stopping; create it with",
        ),
        (
            "found",
            [("f", 2), *[None] * GONE_LOOKS],
            "was deleted while it was read: stopping; create it with",
        ),
        ("parts", [("p", 3), ("q", 3)], "was deleted and made anew while it was read: stopping; start again"),
        ("found", [("f", 2), ("g", 2)], "was deleted and made anew while it was read: stopping; start again"),
    ],
)
def test_a_topic_between_stages_that_is_gone_or_another_ends_the_worker(
    name: str, answers: list[Answer], message: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once, with the topic's name and what to do."""
    setup = Setup(answers, KEYED, f"fraudstream.{name}", STAGE_TOPICS)
    assert (setup.failures, setup.observer.errors) == (1, ["topics"])
    (told,) = caplog.messages
    assert f"fraudstream.{name} {message}" in told


def test_partitions_added_between_stages_are_told(caplog: pytest.LogCaptureFixture) -> None:
    """They change nothing while the worker runs, but it would not start with them."""
    setup = Setup([("p", 3), ("p", 5), ("p", 5)], KEYED, "fraudstream.parts", STAGE_TOPICS)
    assert (setup.failures, setup.observer.errors) == (0, ["topics"])
    assert "fraudstream.parts has 5 partitions now, it had 3: nothing goes to those" in caplog.text
    assert "make the topic anew with 3" in caplog.text
