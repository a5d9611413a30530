"""What the broker tells of how the topics of a topology are set, and what of it does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kafka.admin import ConfigResource, ConfigResourceType

from fraudstream.stream.admin import (
    STAGE_MESSAGE_BYTES_MAX,
    STAGE_SETTINGS,
    connected,
    rule_topics,
    stage_topics,
    topic_names,
)
from fraudstream.stream.emission import MESSAGE_BYTES_MAX, Outlet
from fraudstream.stream.errors import BrokerError

if TYPE_CHECKING:
    from fraudstream.config import Topology

Told = Mapping[str, Mapping[str, str]]
"""Settings by topic and name."""

_SIZE, _STAMP, _CLEANUP, _RETENTION, _RETENTION_BYTES = (
    "max.message.bytes",
    "message.timestamp.type",
    "cleanup.policy",
    "retention.ms",
    "retention.bytes",
)
FOREVER = "-1"
COMPACT = "compact"
STAGE_RETENTION_MS_MIN = 24 * 3_600_000
"""So long a stage may be away without losing what waits for it."""


def topic_settings(topology: Topology) -> Told:
    """Return the settings that matter here; nothing where the broker tells none."""
    return _settings_of(topology, tuple(topic_names(topology)))


def message_bytes_max(topology: Topology, topic: str) -> int:
    """Return how large a message of a topic may be, Kafka's default where the broker does not tell."""
    return int(_settings_of(topology, (topic,)).get(topic, {}).get(_SIZE, MESSAGE_BYTES_MAX))


def _settings_of(topology: Topology, names: tuple[str, ...]) -> Told:
    # The embedded broker hangs up on this question, and others may not allow it.
    try:
        with connected(topology) as admin:
            return _told(admin, names)
    except BrokerError:
        return {}


def _told(admin: Any, names: tuple[str, ...]) -> Told:
    wanted = dict.fromkeys((_SIZE, _STAMP, _CLEANUP, _RETENTION, _RETENTION_BYTES))
    asked = [ConfigResource(ConfigResourceType.TOPIC, name, configs=wanted) for name in names]
    answer = admin.describe_configs(asked, config_filter="all")
    return {
        name: {key: str(setting["value"]) for key, setting in settings.items()}
        for name, settings in answer["topic"].items()
    }


def outlet(topology: Topology, told: Told) -> Outlet:
    """Return the topics that are written with their limits, Kafka's default where the broker tells none."""
    output, keyed = topology.output, topology.keyed

    def size(name: str) -> int:
        return int(told.get(name, {}).get(_SIZE, MESSAGE_BYTES_MAX))

    return Outlet(
        output.alerts,
        output.dead_letters,
        output.journal,
        size(output.alerts),
        size(output.dead_letters),
        topology.payloads_kept,
        topology.is_open,
        "" if keyed is None else keyed.parts,
        output.shadow or "",
        MESSAGE_BYTES_MAX if output.shadow is None else size(output.shadow),
    )


def require_settings(topology: Topology, told: Told) -> None:
    """Raise BrokerError where a topic between stages would not take what a stage may have to say."""
    for name in stage_topics(topology):
        if "compact" in told.get(name, {}).get(_CLEANUP, ""):
            raise BrokerError(
                f"{name} is compacted, and takes no messages without a key, as those between stages are: "
                f"{set_command(topology, name, _CLEANUP, 'delete')}",
                "topics",
            )
        size_bytes = int(told.get(name, {}).get(_SIZE, STAGE_MESSAGE_BYTES_MAX))
        if size_bytes < STAGE_MESSAGE_BYTES_MAX:
            raise BrokerError(
                f"{name} takes messages of {size_bytes} bytes, a stage may send {STAGE_MESSAGE_BYTES_MAX}: "
                f"{set_command(topology, name, _SIZE, str(STAGE_MESSAGE_BYTES_MAX))}",
                "topics",
            )


def doubts(topology: Topology, told: Told) -> Iterator[str]:
    """Yield what works, but not as the topology promises: what, why it matters, and the remedy."""
    source, journal = topology.input.topic, topology.output.journal
    of_source, of_journal = told.get(source, {}), told.get(journal, {})
    if of_source.get(_STAMP) == "CreateTime":
        yield (
            f"{source}: messages have the stamp of their producer, so that ahead_max does not hold for a "
            f"producer whose clock is wrong: {set_command(topology, source, _STAMP, 'LogAppendTime')}"
        )
    if "compact" in of_source.get(_CLEANUP, ""):
        yield (
            f"{source}: compaction removes events that a recovery would count again, and nobody could tell: "
            f"{set_command(topology, source, _CLEANUP, 'delete')}"
        )
    if of_journal.get(_RETENTION, FOREVER) != FOREVER:
        yield (
            f"{journal}: entries leave it after {of_journal[_RETENTION]} ms, and a recovery no longer knows "
            f"the order and the rules of back then: {set_command(topology, journal, _RETENTION, FOREVER)}"
        )
    for name in rule_topics(topology):
        policy = told.get(name, {}).get(_CLEANUP, COMPACT)
        if policy != COMPACT:
            yield (
                f"{name}: bundles leave it by time or size (cleanup.policy={policy}), and without one no "
                f"worker starts: {set_command(topology, name, _CLEANUP, COMPACT)}"
            )
    for name in stage_topics(topology):
        yield from _short_lived(topology, name, told.get(name, {}))


def _short_lived(topology: Topology, name: str, settings: Mapping[str, str]) -> Iterator[str]:
    """Yield why a topic between stages may lose what a stage has yet to read."""
    kept_ms = int(settings.get(_RETENTION, FOREVER))
    if 0 <= kept_ms < STAGE_RETENTION_MS_MIN:
        remedy = set_command(topology, name, _RETENTION, STAGE_SETTINGS[_RETENTION])
        yield f"{name}: messages leave it after {kept_ms} ms, judged or not: {remedy}"
    if settings.get(_RETENTION_BYTES, FOREVER) != FOREVER:
        remedy = set_command(topology, name, _RETENTION_BYTES, FOREVER)
        yield f"{name}: messages leave it beyond {settings[_RETENTION_BYTES]} bytes, judged or not: {remedy}"


def set_command(topology: Topology, topic: str, name: str, value: str) -> str:
    """Return the command that sets a topic right."""
    return (
        f"kafka-configs --bootstrap-server {topology.kafka.bootstrap} --alter --entity-type topics "
        f"--entity-name {topic} --add-config {name}={value}"
    )
