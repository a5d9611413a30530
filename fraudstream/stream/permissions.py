"""What the cluster must allow a worker, and what it says where something is denied."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from kafka.errors import (
    AuthorizationError,
    GroupAuthorizationFailedError,
    KafkaError,
    RetriableError,
    TransactionalIdAuthorizationFailedError,
)

from fraudstream.stream.clients import principal

if TYPE_CHECKING:
    from fraudstream.config import Kafka, Topology

TOPIC_DENIED = 29
COORDINATOR_SECONDS_MAX = 10.0
COORDINATOR_RETRY_SECONDS = 0.1


class Permission(NamedTuple):
    """To do something with a resource; all in the words of `kafka-acls`."""

    operation: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.operation} on {self.kind} {self.name}"

    @property
    def granted_by(self) -> str:
        """The arguments of `kafka-acls` that grant it."""
        return f"--operation {self.operation} --{self.kind} {self.name}"


def transactional_id(topology: Topology, number: int) -> str:
    """Return the transactional id of a shard."""
    return f"{topology.kafka.group}.{topology.name}.{number}"


def missing(admin: Any, topology: Topology, described: Sequence[Mapping[str, Any]]) -> list[Permission]:
    """Return what the worker needs and is denied, of what the broker tells; `described` are its topics."""
    found = [*_topics(topology, described), *_group(admin, topology)]
    if topology.processing_guarantee == "exactly_once":
        found += _transactions(admin, topology)
    return found


def refusal(kafka: Kafka, denied: Sequence[Permission]) -> str:
    """Return what is denied, where, and how to grant it, in one line."""
    bootstrap, named, who = kafka.bootstrap, ", ".join(map(str, denied)), shlex.quote(principal(kafka))
    grants = " && ".join(
        f"kafka-acls --bootstrap-server {bootstrap} --add --allow-principal {who} {each.granted_by}"
        for each in denied
    )
    return f"{bootstrap}: this worker is denied {named}: remove the ACL that denies it, or grant it: {grants}"


def _topics(topology: Topology, described: Sequence[Mapping[str, Any]]) -> Iterator[Permission]:
    operations = _topic_operations(topology)
    for topic in described:
        allowed = topic.get("authorized_operations") or ()
        # A broker without ACLs may not say what it allows.
        if allowed or topic["error_code"] == TOPIC_DENIED:
            for operation in operations[topic["name"]]:
                if operation.upper() not in allowed:
                    yield Permission(operation, "topic", topic["name"])


def _topic_operations(topology: Topology) -> dict[str, tuple[str, ...]]:
    """Return what the worker does with each topic."""
    output, keyed = topology.output, topology.keyed
    operations: dict[str, tuple[str, ...]] = {
        topology.input.topic: ("Read",),
        **dict.fromkeys(output.told, ("Write",)),
        output.dead_letters: ("Write",),
        output.journal: ("Read", "Write"),
    }
    if topology.labels is not None:
        operations[topology.labels.topic] = ("Read",)
    if topology.rule_source.topic is not None:
        operations[topology.rule_source.topic] = ("Read",)
    if keyed is not None:
        operations |= dict.fromkeys((keyed.parts, keyed.found), ("Read", "Write"))
    return operations


def _group(admin: Any, topology: Topology) -> list[Permission]:
    name = topology.kafka.group
    needed = Permission("Read", "group", name)
    try:
        allowed = _told(admin.describe_groups, name).get("authorized_operations") or ()
    except GroupAuthorizationFailedError:
        return [needed]
    return [needed] if allowed and "READ" not in allowed else []


def _transactions(admin: Any, topology: Topology) -> list[Permission]:
    """Return what is denied of the first shard's transactional id, as far as that is told beforehand."""
    name = transactional_id(topology, 0)
    try:
        _told(admin.describe_transactions, name)
    except TransactionalIdAuthorizationFailedError:
        return [may_write(name)]
    return []


def may_write(transactional_name: str) -> Permission:
    """Return the permission to send under a transactional id."""
    return Permission("Write", "transactional-id", transactional_name)


def _told(question: Any, name: str) -> Any:
    """Return what a coordinator says of a name, nothing where it knows none; AuthorizationError.

    A new cluster's coordinator takes a while to be there.
    """
    deadline = time.monotonic() + COORDINATOR_SECONDS_MAX
    while True:
        try:
            return question([name])[name]
        except AuthorizationError:
            raise
        except RetriableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(COORDINATOR_RETRY_SECONDS)
        except (KafkaError, ValueError):
            # Nobody has used the name yet, or this broker has no answer that makes sense.
            return {}
