"""Denies things on the broker of the run, each on a resource that only one test uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)
from kafka.admin import ACLResourcePatternType as Match
from kafka.errors import KafkaError

from fraudstream.stream.clients import ANONYMOUS
from loadtest.waiting import until
from tests.integration.broker import IN_CI


@contextmanager
def denied(kafka: str, operation: ACLOperation, kind: ResourceType, name: str) -> Iterator[None]:
    """Everybody may do everything with a resource, but not this; skips where the broker knows no ACLs."""
    rules = ((ACLOperation.ALL, ACLPermissionType.ALLOW), (operation, ACLPermissionType.DENY))
    resource = ResourcePattern(kind, name)
    everything = ACLFilter(
        None, None, ACLOperation.ANY, ACLPermissionType.ANY, ResourcePatternFilter(kind, name, Match.LITERAL)
    )
    with closing(KafkaAdminClient(bootstrap_servers=kafka)) as admin:
        try:
            added = admin.create_acls([ACL(ANONYMOUS, "*", *rule, resource) for rule in rules])
            assert not added["failed"], added
        except KafkaError:
            if IN_CI:
                raise
            pytest.skip("this broker has no authorizer")
        until(lambda: len(admin.describe_acls(everything)[0]) == len(rules), "the denial is in force")
        try:
            yield
        finally:
            admin.delete_acls([everything])
