"""Notes in an audit log which rules a worker has loaded and refused, where the topology names one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from fraudstream.rules.lists import NamedList
from fraudstream.rules.ruleset import Ruleset
from fraudstream.stores.audit_chain import Entry
from fraudstream.stores.audit_log import AuditLog

LOAD, REFUSE, LIST_CHANGE = "load", "refuse", "list_change"
ADDED, CHANGED, REMOVED = "added", "changed", "removed"


class RuleRecord:
    """What one worker tells of its rules; without a log nothing is kept."""

    def __init__(self, actor: str, log: AuditLog | None) -> None:
        self._actor = actor
        self._log = log

    def load(self, place: Mapping[str, str], details: Mapping[str, Any], ruleset: Ruleset) -> None:
        """Add an entry of a ruleset, and one of each list that is not as the log knows it of that place.

        AuditError where that fails.
        """
        self._note(LOAD, {**place, **details, "ruleset": ruleset.version})
        for change in _list_changes(_lists_noted(self.entries(), place), ruleset.lists):
            self._note(LIST_CHANGE, {**place, "ruleset": ruleset.version, **change})

    def refuse(self, details: Mapping[str, Any], reason: str, why: str) -> None:
        """Add an entry of a refusal; AuditError where that fails."""
        self._note(REFUSE, {**details, "reason": reason, "why": why})

    def entries(self) -> Sequence[Entry]:
        """Return what was noted so far, by any worker with this log; AuditError where it is broken."""
        return [] if self._log is None else self._log.entries()

    def _note(self, event: str, details: Mapping[str, Any]) -> None:
        if self._log is not None:
            self._log.append(self._actor, event, details)


class DirectoryRecord:
    """What becomes of the rules of a rule directory."""

    bundle = None

    def __init__(self, directory: Path, record: RuleRecord) -> None:
        self._place = {"directory": str(directory)}
        self._record = record

    def take(self, ruleset: Ruleset) -> None:
        """Note that a ruleset is about to judge events."""
        self._record.load(self._place, {}, ruleset)

    def refused(self, reason: str, why: str) -> None:
        """Note that a change is refused, and why."""
        self._record.refuse(self._place, reason, why)


def _lists_noted(entries: Sequence[Entry], place: Mapping[str, str]) -> dict[str, str]:
    """Return the hash of each list that was last loaded from a place."""
    noted: dict[str, str] = {}
    for entry in entries:
        details = entry.details
        if entry.event != LIST_CHANGE or any(details.get(key) != each for key, each in place.items()):
            continue
        noted.pop(details["list"], None)
        if details["change"] != REMOVED:
            noted[details["list"]] = details["sha256"]
    return noted


def _list_changes(noted: Mapping[str, str], lists: Mapping[str, NamedList]) -> Iterator[dict[str, Any]]:
    for name in sorted(noted.keys() - lists.keys()):
        yield {"list": name, "change": REMOVED}
    for name in sorted(lists):
        digest = _digest(lists[name])
        if digest != noted.get(name):
            change = CHANGED if name in noted else ADDED
            yield {"list": name, "change": change, "entries": len(lists[name].entries), "sha256": digest}


def _digest(listed: NamedList) -> str:
    """Return the hash of all that a list says, however its file is written."""
    entries = [(each.value, each.from_us, each.to_us, each.note) for each in listed.entries]
    says = (listed.title, listed.source, listed.retrieved, listed.owner, entries)
    return sha256(orjson.dumps(says)).hexdigest()
