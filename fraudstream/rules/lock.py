"""The lock file: which version of each rule has which content, so that no edit goes unnoticed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import orjson

from fraudstream.rules.errors import Problem
from fraudstream.rules.ruleset import Rule, Ruleset
from fraudstream.rules.schema import Status

LOCK_FILE = "rules.lock.json"
_REMEDY = "raise its version, then run `fraudstream rules lock`"


def rule_hash(rule: Rule) -> str:
    """Hash what a rule does; its tests, comments and layout do not count."""
    content = {key: value for key, value in rule.file.data.items() if key not in ("tests", "version")}
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


Lock = Mapping[str, Mapping[str, object]]


def check_lock(ruleset: Ruleset, lock: Lock) -> list[Problem]:
    """Return a problem for each rule that the lock does not describe as it is."""
    unlocked = [
        rule.file.problem(("version",), f"{rule.id} is not locked as it is: run `fraudstream rules lock`")
        for rule in ruleset.rules
        if lock.get(rule.id) != _entry(rule) and not _broken(rule, lock)
    ]
    return [*check_history(ruleset, lock), *unlocked, *_removed(ruleset, lock)]


def _removed(ruleset: Ruleset, lock: Lock) -> list[Problem]:
    present = {rule.id for rule in ruleset.rules}
    return [
        Problem(LOCK_FILE, 1, 1, f"{identity} has no file any more: retire it by `fraudstream rules lock`")
        for identity, entry in lock.items()
        if identity not in present and not entry.get("retired")
    ]


def check_history(ruleset: Ruleset, lock: Lock) -> list[Problem]:
    """Return a problem for each rule that breaks with its history, which no new lock may hide."""
    return [problem for rule in ruleset.rules for problem in _broken(rule, lock)]


def _broken(rule: Rule, lock: Lock) -> list[Problem]:
    entry = lock.get(rule.id)
    if entry is None:
        return []
    version = int(str(entry["version"]))
    if entry.get("retired") and rule.spec.status is not Status.RETIRED:
        message = f"{rule.id} was retired, and ids are never used again: choose a new id"
        return [rule.file.problem(("id",), message)]
    if rule.spec.version < version:
        message = f"{rule.id} goes back from version {version} to {rule.spec.version}: {_REMEDY}"
        return [rule.file.problem(("version",), message)]
    if rule.spec.version == version and rule_hash(rule) != entry["hash"]:
        message = f"{rule.id} was edited but is still version {version}: {_REMEDY}"
        return [rule.file.problem(("version",), message)]
    return []


def _entry(rule: Rule) -> dict[str, object]:
    entry: dict[str, object] = {"version": rule.spec.version, "hash": rule_hash(rule)}
    return {**entry, "retired": True} if rule.spec.status is Status.RETIRED else entry


def new_lock(ruleset: Ruleset, lock: Lock) -> dict[str, dict[str, object]]:
    """Return the lock for a ruleset; a rule that is gone stays in it as retired, as one that says so does."""
    entries = {identity: {**entry, "retired": True} for identity, entry in lock.items()}
    entries.update({rule.id: _entry(rule) for rule in ruleset.rules})
    return entries
