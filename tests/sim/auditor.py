"""Judges a run by what went in and what came out. It imports nothing of the stream it judges."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from tests.sim.history import History, Place, Told

NO_DIGEST = bytes(16)


def audit(history: History) -> list[str]:
    """Return what is wrong with a run; nothing where it is as if no worker had ever failed."""
    account = _Account(history)
    return [
        *account.unfinished(),
        *account.unaccounted(),
        *account.repeated(),
        *account.mislabelled(),
        *account.early_commits(),
        *account.different(),
    ]


@dataclass(frozen=True)
class _Event:
    """An input message that is an event; only the first of its name may be hot."""

    place: Place
    name: str
    is_hot: bool


class _Account:
    def __init__(self, history: History) -> None:
        self._history = history
        self._events: list[_Event] = []
        self._letters_due: dict[Place, bytes] = {}
        self._unsure: dict[Place, str] = {}
        seen: set[str] = set()
        for place, value in sorted(history.inputs.items()):
            self._enter(place, value, seen)
        self._alerts_due = {event.place for event in self._events if event.is_hot}

    def _enter(self, place: Place, value: bytes, seen: set[str]) -> None:
        """Say what is due for a message: an alert, a dead letter, or nothing."""
        try:
            content: dict[str, Any] = json.loads(value)
        except ValueError:
            self._letters_due[place] = b"not_json"
            return
        if content["kind"] == "poison":
            self._letters_due[place] = b"step_failed"
            return
        is_new = content["id"] not in seen
        seen.add(content["id"])
        self._events.append(_Event(place, content["id"], is_new and content["kind"] == "hot"))
        if not is_new and self._history.has_gap:
            # Whoever has not seen the first of its kind takes it for new.
            self._unsure[place] = content["id"]

    def unfinished(self) -> Iterator[str]:
        """Everything is committed in the end."""
        if not self._history.is_finished:
            yield f"the run came to no end: only {self._history.committed} is committed"

    def unaccounted(self) -> Iterator[str]:
        """Every message has what is due for it, and none has more."""
        for what, due, told in (
            ("alert", self._alerts_due, self._history.alerts),
            ("dead letter", self._letters_due.keys(), self._history.letters),
        ):
            sources = {each.source for each in told}
            yield from (f"the {what} of {place} is lost" for place in sorted(due - sources))
            yield from (
                f"{place} has an {what} that is not due"
                for place in sorted(sources - due - self._unsure.keys())
            )

    def repeated(self) -> Iterator[str]:
        """Nothing is told twice, unless it may be."""
        if self._history.may_repeat:
            return
        for what, told in (("alert", self._history.alerts), ("dead letter", self._history.letters)):
            counts = Counter(each.source for each in told)
            yield from (f"the {what} of {place} came {n} times" for place, n in counts.items() if n > 1)

    def mislabelled(self) -> Iterator[str]:
        """Headers and payload fit the source."""
        for letter in self._history.letters:
            reason = self._letters_due.get(letter.source)
            if letter.headers.get("reason") != reason or letter.value != self._history.inputs[letter.source]:
                yield f"the dead letter of {letter.source} says {letter.headers} of {letter.value!r}"
        names = {event.place: event.name for event in self._events}
        for alert in self._history.alerts:
            told = json.loads(alert.value or b"{}")
            name, rules = names.get(alert.source), str(told.get("ruleset"))
            labels = (alert.headers["alert_id"].decode(), alert.headers["ruleset_version"].decode())
            if (
                told.get("event") != name
                or labels != (f"{name}@{rules}", rules)
                or alert.key != str(name).encode()
            ):
                yield f"the alert of {alert.source} says {alert.headers} of {alert.value!r}"

    def early_commits(self) -> Iterator[str]:
        """The committed offset never goes back, nor beyond what has been told."""
        due = self._alerts_due | self._letters_due.keys()
        last: dict[int, int] = {}
        for partition, offset, emitted in self._history.commits:
            if offset < last.get(partition, 0):
                yield f"the committed offset of {partition} went back from {last[partition]} to {offset}"
            last[partition] = offset
            early = [place for place in due - emitted if place[0] == partition and place[1] < offset]
            if early:
                yield f"{partition} was committed up to {offset} before anything was told of {sorted(early)}"

    def different(self) -> Iterator[str]:
        """There is one order of the events in which a fold without a break gives exactly the alerts told."""
        if self._history.has_gap:
            if not self._history.may_have_gap:
                yield "a worker says that messages have left the topic, and none has"
            return
        fold = _Fold(self._events)
        history = fold.explain(self._history.alerts)
        if history is None:
            yield f"no order of the events explains the alerts beyond the first {fold.furthest}"
            return
        strays = {alert.value for alert in self._history.alerts} - set(history)
        if strays and not self._history.may_differ:
            yield f"alerts that no unbroken run gives: {sorted(strays, key=str)}"


class _Fold:
    """The fold of the simulated engine once more, from its description."""

    def __init__(self, events: Sequence[_Event]) -> None:
        self._chains: dict[int, list[bytes]] = defaultdict(lambda: [NO_DIGEST])
        self._events: dict[int, list[_Event]] = defaultdict(list)
        for event in events:
            chain = self._chains[event.place[0]]
            chain.append(_digest(chain[-1], event.name.encode()))
            self._events[event.place[0]].append(event)
        self._number = sum(event.is_hot for event in events)
        self.furthest = 0

    def explain(self, alerts: Sequence[Told]) -> list[bytes] | None:
        """Return alerts for all events that follow from each other, None where there are none."""
        by_number: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for value in dict.fromkeys(alert.value for alert in alerts):
            told = json.loads(value or b"{}")
            by_number[told["number"]].append(told)
        return self._onwards(by_number, 1, NO_DIGEST, [0, 0, 0])

    def _onwards(
        self, by_number: dict[int, list[dict[str, Any]]], number: int, digest: bytes, folded: list[int]
    ) -> list[bytes] | None:
        if number > self._number:
            return []
        for told in by_number[number]:
            expected = self._expected(number, digest, folded, told)
            if expected != told:
                continue
            self.furthest = max(self.furthest, number)
            rest = self._onwards(by_number, number + 1, bytes.fromhex(told["digest"]), told["folded"])
            if rest is not None:
                return [json.dumps(expected, separators=(",", ":")).encode(), *rest]
        return None

    def _expected(
        self, number: int, digest: bytes, before: list[int], told: dict[str, Any]
    ) -> dict[str, Any] | None:
        """Return what an alert must be, that comes after others and has folded so much; None: it cannot."""
        folded: list[int] = told["folded"]
        between: list[_Event] = []
        for partition, (first, stop) in enumerate(zip(before, folded, strict=True)):
            if not first <= stop <= len(self._events[partition]):
                return None
            between += self._events[partition][first:stop]
        hot = [event.name for event in between if event.is_hot]
        newest = [self._events[each][stop - 1] for each, stop in enumerate(folded) if stop]
        if hot != [told["event"]] or hot[0] not in {event.name for event in newest}:
            return None
        chains = [self._chains[each][count] for each, count in enumerate(folded)]
        mixed = _digest(digest, *chains, told["ruleset"].encode(), hot[0].encode())
        return {
            "event": hot[0],
            "number": number,
            "folded": folded,
            "ruleset": told["ruleset"],
            "digest": mixed.hex(),
        }


def _digest(*parts: bytes) -> bytes:
    return blake2b(b"\0".join(parts), digest_size=16).digest()
