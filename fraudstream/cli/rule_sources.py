"""Where a worker's rules come from: what it begins with, what it looks at then, and what keeps note of it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from fraudstream.cli.console import fail
from fraudstream.config import Topology
from fraudstream.rules.errors import RulesetError
from fraudstream.stores.audit_log import AuditError, AuditLog
from fraudstream.stores.bundles.errors import UNFIT, BundleError
from fraudstream.stores.bundles.gate import Gate
from fraudstream.stores.bundles.topic_watch import BundleTopicWatch
from fraudstream.stores.bundles.trust import Trust
from fraudstream.stores.bundles.watch import BundleWatch
from fraudstream.stores.rule_directory import read_files
from fraudstream.stores.rule_record import DirectoryRecord, RuleRecord
from fraudstream.stores.rule_watch import RuleWatch

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class RulesOf:
    """The rules of one topology; `watch` is given the files that were read first."""

    read: Callable[[], Files]
    watch: Callable[[Files], RuleWatch | BundleWatch | BundleTopicWatch]
    record: DirectoryRecord | Gate

    @contextmanager
    def refusals_noted(self) -> Iterator[None]:
        """Note in the audit log why the rules to begin with are refused."""
        try:
            yield
        except (BundleError, RulesetError) as error:
            try:
                self.record.refused(error.reason if isinstance(error, BundleError) else UNFIT, str(error))
            except AuditError as trouble:
                # Both are told: this one now, the refusal by whoever called.
                fail(str(trouble))
            raise


def rules_of(topology: Topology) -> RulesOf:
    """Return where the rules come from; BundleError or AuditError where that cannot be used."""
    log = None if topology.audit is None else AuditLog(topology.audit)
    record = RuleRecord(f"{topology.name} on {socket.gethostname()}, process {os.getpid()}", log)
    source = topology.rule_source
    if source.directory is not None:
        directory = source.directory
        noted = DirectoryRecord(directory, record)
        return RulesOf(partial(read_files, directory), partial(RuleWatch, directory), noted)
    trust = Trust.of(source.trust, needs_approval=source.approval == "required")
    gate = Gate(str(source.bundle or source.topic), trust, record)
    watch = _watch_of(topology, gate)
    return RulesOf(watch.first, lambda files: watch, gate)


def _watch_of(topology: Topology, gate: Gate) -> BundleWatch | BundleTopicWatch:
    source = topology.rule_source
    if source.bundle is not None:
        return BundleWatch(source.bundle, gate)
    from fraudstream.stream.rule_topic import RuleTopic  # noqa: PLC0415 - Kafka is slow to import

    assert source.topic is not None
    return BundleTopicWatch(source.topic, RuleTopic(topology, source.topic).read, gate)
