"""The topics of a topology on its cluster: create them, check them, and see how far behind its group is."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import (
    KafkaError,
    KafkaTimeoutError,
    RetriableError,
    TopicAlreadyExistsError,
)

from fraudstream.stream.clients import FETCH_WAIT_MS, client_settings
from fraudstream.stream.errors import SECURITY, BrokerError
from fraudstream.stream.knocking import knock, wants_tls
from fraudstream.stream.logs import muted
from fraudstream.stream.permissions import TOPIC_DENIED, missing, refusal

if TYPE_CHECKING:
    from fraudstream.config import Kafka, Topology

BROKER_SECONDS_MAX = 10.0
REMEDY = "start one with `make kafka-up`, or name yours in the topology's kafka.bootstrap or with --kafka"
COORDINATOR_RETRY_SECONDS = 0.1
BROKER_DEFAULT = -1
UNKNOWN_TOPIC = 3
STAGE_MESSAGE_BYTES_MAX = 16 * 2**20
"""What a message between stages may have: a thousand events, or what 2,000 features say of them."""
STAGE_SETTINGS: Mapping[str, str] = {
    "cleanup.policy": "delete",
    "max.message.bytes": str(STAGE_MESSAGE_BYTES_MAX),
    # However far a stage is behind, and whatever the cluster's defaults are.
    "retention.ms": str(7 * 24 * 3_600_000),
    "retention.bytes": "-1",
}
RULES_SETTINGS: Mapping[str, str] = {
    # Each bundle has a key of its own, so compaction keeps the history.
    "cleanup.policy": "compact",
    "max.message.bytes": str(16 * 2**20),
}


class OnCluster(Protocol):
    """Whatever says on which cluster it is, as a topology does."""

    @property
    def kafka(self) -> Kafka:
        """The cluster."""


@dataclass(frozen=True)
class TopicState:
    """A topic as it is on the cluster; `partitions_wanted` is None where any number will do.

    `is_fixed` says that nothing works with another number. `topic_id` is another one after a topic
    was deleted and made anew.
    """

    name: str
    partitions: int
    partitions_wanted: int | None
    created: bool
    is_fixed: bool = False
    topic_id: str = ""

    @property
    def fits(self) -> bool:
        """Whether the topic is as the topology says."""
        return self.partitions_wanted in (None, self.partitions)

    def __str__(self) -> str:
        text = f"{self.name}: {'created' if self.created else 'exists'}, {self.partitions} partitions"
        if self.fits:
            return text
        return (
            f"{text}, but the topology says {self.partitions_wanted}: "
            "mend the topology, or make the topic anew"
        )


def create_topics(topology: Topology) -> list[TopicState]:
    """Create the topics that are missing, and return the state of all; BrokerError where that fails.

    Messages are stamped when they enter: all times come from one clock, the age of an event cannot make
    retention drop it, and latency counts from the append.
    """
    with connected(topology) as admin:
        partitions = topology.input.partitions
        wanted = dict.fromkeys(topic_names(topology), partitions)
        wanted |= label_partitions(topology) | fixed_partitions(topology)
        # What the journal says is needed for as long as a checkpoint may be older.
        own = {topology.output.journal: {"retention.ms": "-1"}}
        own |= {name: dict(STAGE_SETTINGS) for name in stage_topics(topology)}
        own |= {name: dict(RULES_SETTINGS) for name in rule_topics(topology)}
        created = [
            name for name, number in wanted.items() if create_topic(admin, name, number, own.get(name, {}))
        ]
        admin.wait_for_topics(created, timeout_ms=BROKER_SECONDS_MAX * 1000)
        return states(admin.describe_topics(topic_names(topology)), topology, created)


def create_topic(admin: Any, name: str, partitions: int, settings: Mapping[str, str]) -> bool:
    """Create a topic; return whether it was missing."""
    options = {
        "num_partitions": partitions,
        "replication_factor": BROKER_DEFAULT,
        "configs": {"message.timestamp.type": "LogAppendTime", **settings},
    }
    try:
        admin.create_topics({name: options})
    except TopicAlreadyExistsError:
        return False
    return True


def require_topics(topology: Topology) -> list[TopicState]:
    """Return the topics' states.

    BrokerError where one is missing or useless, or the worker may not do what it has to.
    """
    where = topology.kafka.bootstrap
    with connected(topology) as admin:
        described = admin.describe_topics(topic_names(topology))
        if denied := missing(admin, topology, described):
            raise BrokerError(refusal(topology.kafka, denied), "denied")
    found = states(described, topology, ())
    if absent := set(topic_names(topology)) - {state.name for state in found}:
        names = ", ".join(sorted(absent))
        raise BrokerError(f"{where}: no topic {names}: create it with `fraudstream topics create`", "topics")
    for state in found:
        if state.is_fixed and not state.fits:
            raise BrokerError(f"{where}: {state}", "topics")
    return found


def states(
    described: Sequence[Mapping[str, Any]], topology: Topology, created: Collection[str]
) -> list[TopicState]:
    """Return the state of the topology's topics that exist."""
    fixed = fixed_partitions(topology)
    wanted = {topology.input.topic: topology.input.partitions, **label_partitions(topology), **fixed}
    existing = [
        (topic["name"], len(topic["partitions"]), str(topic.get("topic_id")))
        for topic in described
        if topic["error_code"] not in (UNKNOWN_TOPIC, TOPIC_DENIED)
    ]
    return [
        TopicState(name, count, wanted.get(name), name in created, name in fixed, topic_id)
        for name, count, topic_id in existing
    ]


def topic_names(topology: Topology) -> list[str]:
    """Return the topics that the topology reads and writes."""
    output = topology.output
    own = [topology.input.topic, *output.told, output.dead_letters, output.journal]
    return [*own, *label_partitions(topology), *stage_topics(topology), *rule_topics(topology)]


def label_partitions(topology: Topology) -> dict[str, int]:
    """Return the topic of the labels and its partitions, nothing where none come."""
    return {} if topology.labels is None else {topology.labels.topic: topology.labels.partitions}


def stage_topics(topology: Topology) -> tuple[str, ...]:
    """Return the topics between the stages of a keyed topology, none in a single one."""
    return () if topology.keyed is None else (topology.keyed.parts, topology.keyed.found)


def rule_topics(topology: Topology) -> tuple[str, ...]:
    """Return the topic of the bundles, none where the rules come from files."""
    topic = topology.rule_source.topic
    return () if topic is None else (topic,)


def fixed_partitions(topology: Topology) -> dict[str, int]:
    """Return how many partitions those topics have for which the topology's input does not say it."""
    # The journal is one log, whatever the number of the others, and the bundles are another.
    fixed = {topology.output.journal: 1, **dict.fromkeys(rule_topics(topology), 1)}
    if topology.keyed is not None:
        shares = topology.keyed.partitions
        fixed |= {topology.keyed.parts: shares + 1, topology.keyed.found: shares}
    return fixed


@dataclass(frozen=True)
class Standing:
    """Where the logs and the group stand, by the numbers of the partitions; see `Topology.number`.

    Attributes
    ----------
    topic_id
        Of the input topic: another one after it was deleted and made anew.
    starts, ends
        The oldest offset that is there, and the offset of the next message to come.
    committed
        The offset up to which everything is emitted; missing where the group has committed nothing.
    cluster_id
        Of the cluster, empty where it tells none.
    """

    topic_id: str
    starts: Mapping[int, int]
    ends: Mapping[int, int]
    committed: Mapping[int, int]
    cluster_id: str = ""


def standing(topology: Topology) -> Standing:
    """Return where the topics that are folded and the topology's group stand now; BrokerError on failure."""
    with connected(topology) as admin:
        names = [topology.input.topic, *label_partitions(topology)]
        described = {topic["name"]: topic for topic in known_topics(admin, topology, names)}
        cluster_id = cluster_id_of(admin)
        partitions = [
            TopicPartition(name, each["partition_index"])
            for name in names
            for each in described[name]["partitions"]
        ]
        committed = committed_offsets(admin, topology.kafka.group, partitions)
        starts = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.EARLIEST))
    return Standing(
        str(described[topology.input.topic].get("topic_id")),
        {topology.number(each): starts[each].offset for each in partitions},
        {topology.number(each): offset for each, offset in end_offsets(topology, partitions).items()},
        {topology.number(each): offset for each, offset in committed.items() if offset >= 0},
        cluster_id,
    )


def known_topics(admin: Any, topology: OnCluster, names: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    """Return the descriptions of topics that exist; BrokerError where the broker does not know one.

    A broker that has just come back may not know it yet.
    """
    described: Sequence[Mapping[str, Any]] = admin.describe_topics(list(names))
    for topic in described:
        if topic["error_code"] == UNKNOWN_TOPIC:
            where, remedy = topology.kafka.bootstrap, "check the name, or see `fraudstream topics create`"
            raise BrokerError(f"{where}: no topic {topic['name']}: {remedy}", is_away=True)
    return described


def cluster_id_of(admin: Any) -> str:
    """Return a cluster's id, empty where it tells none."""
    try:
        return str(admin.describe_cluster().get("cluster_id") or "")
    except (KafkaError, ValueError):
        return ""


def watched_topics(topology: Topology) -> dict[str, tuple[str, int] | None]:
    """Return ids and numbers of partitions of the input and of the topics between stages; BrokerError.

    None stands for one that is not there.
    """
    with connected(topology) as admin:
        described = admin.describe_topics([topology.input.topic, *stage_topics(topology)])
    return {
        topic["name"]: None
        if topic["error_code"] == UNKNOWN_TOPIC
        else (str(topic.get("topic_id")), len(topic["partitions"]))
        for topic in described
    }


def lag(topology: Topology) -> dict[int, int]:
    """Return how many messages of each partition the group has yet to commit; BrokerError on failure.

    Where the group has committed nothing, all messages of the partition count.
    """
    now = standing(topology)
    return {each: end - max(now.committed.get(each, 0), now.starts[each]) for each, end in now.ends.items()}


def committed_offsets(admin: Any, group: str, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
    """Return a group's offsets, -1 where it has none; waits while the group moves."""
    deadline = time.monotonic() + BROKER_SECONDS_MAX
    while True:
        try:
            answer = admin.list_group_offsets({group: partitions})[group]
        except RetriableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(COORDINATOR_RETRY_SECONDS)
        else:
            return {partition: answer[partition].offset for partition in partitions}


def end_offsets(topology: OnCluster, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
    """Return the offsets that the next messages will have, from a fetch at the end of each partition.

    The embedded broker's list of end offsets is too low by most of the last batch; what a fetch says is right
    on every broker.
    """
    with (
        reporting(topology),
        closing(
            KafkaConsumer(
                **client_settings(topology.kafka),
                bootstrap_timeout_ms=BROKER_SECONDS_MAX * 1000,
                enable_auto_commit=False,
                fetch_max_wait_ms=FETCH_WAIT_MS,
                max_partition_fetch_bytes=1,
            )
        ) as consumer,
    ):
        consumer.assign(partitions)
        for partition, offset in consumer.end_offsets(partitions).items():
            consumer.seek(partition, offset)
        deadline = time.monotonic() + BROKER_SECONDS_MAX
        while None in (ends := {each: consumer.highwater(each) for each in partitions}).values():
            if time.monotonic() > deadline:
                raise KafkaTimeoutError("no fetch was answered")
            consumer.poll(timeout_ms=50)
        return ends


@contextmanager
def connected(topology: OnCluster) -> Iterator[Any]:
    """Give an admin client of the topology's cluster; every failure of it is a BrokerError."""
    timeout_ms = BROKER_SECONDS_MAX * 1000
    with (
        reporting(topology),
        closing(
            KafkaAdminClient(**client_settings(topology.kafka), bootstrap_timeout_ms=timeout_ms)
        ) as admin,
    ):
        yield admin


@contextmanager
def reporting(topology: OnCluster) -> Iterator[None]:
    """Turn what goes wrong with the cluster into one line, and keep the client's own lines out of sight."""
    where = topology.kafka.bootstrap
    try:
        with muted("kafka"):
            knock(topology.kafka)
            yield
    except OSError as error:
        reason = error.strerror or "nothing answers"
        raise BrokerError(f"{where}: no Kafka broker there ({reason}): {REMEDY}", is_away=True) from None
    except KafkaTimeoutError:
        if wants_tls(topology.kafka):
            told = "the broker speaks TLS, and the topology does not: add kafka.security.tls"
            raise BrokerError(f"{where}: {told}, or name a port without it", SECURITY) from None
        reason = f"silent for {BROKER_SECONDS_MAX:g} s"
        raise BrokerError(f"{where}: no Kafka broker there ({reason}): {REMEDY}", is_away=True) from None
    except KafkaError as error:
        is_away = isinstance(error, RetriableError)
        raise BrokerError(f"{where}: {type(error).__name__}: {error}", is_away=is_away) from None
