"""Notes in an audit log which rules a worker has loaded and refused, where the topology names one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fraudstream.stores.audit_chain import Entry
from fraudstream.stores.audit_log import AuditLog

LOAD, REFUSE = "load", "refuse"


class RuleRecord:
    """What one worker tells of its rules; without a log nothing is kept."""

    def __init__(self, actor: str, log: AuditLog | None) -> None:
        self._actor = actor
        self._log = log

    def note(self, event: str, details: Mapping[str, Any]) -> None:
        """Add an entry; AuditError where that fails."""
        if self._log is not None:
            self._log.append(self._actor, event, details)

    def refuse(self, details: Mapping[str, Any], reason: str, why: str) -> None:
        """Add an entry of a refusal; AuditError where that fails."""
        self.note(REFUSE, {**details, "reason": reason, "why": why})

    def entries(self) -> Sequence[Entry]:
        """Return what was noted so far, by any worker with this log; AuditError where it is broken."""
        return [] if self._log is None else self._log.entries()


class DirectoryRecord:
    """What becomes of the rules of a rule directory."""

    def __init__(self, directory: Path, record: RuleRecord) -> None:
        self._details = {"directory": str(directory)}
        self._record = record

    def take(self, version: str) -> None:
        """Note that a ruleset is about to judge events."""
        self._record.note(LOAD, {**self._details, "ruleset": version})

    def refused(self, reason: str, why: str) -> None:
        """Note that a change is refused, and why."""
        self._record.refuse(self._details, reason, why)
