"""A worker that looks at a topic takes the newest bundle that it may, and judges each change once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fraudstream.rules.ruleset import build_ruleset
from fraudstream.stores.audit_log import AuditLog
from fraudstream.stores.bundles.bundle import pack
from fraudstream.stores.bundles.errors import BundleError
from fraudstream.stores.bundles.gate import Gate
from fraudstream.stores.bundles.keys import SigningKey
from fraudstream.stores.bundles.messages import APPROVAL, BUNDLE, Message, key_of
from fraudstream.stores.bundles.topic_watch import BundleTopicWatch
from fraudstream.stores.bundles.trust import Trust
from fraudstream.stores.rule_record import RuleRecord
from tests.unit.rule_files import rule_file, rule_files
from tests.unit.stores.bundles.bundles import APPROVER, PUBLISHER, STRANGER, approval, draft

KEYS = frozenset({PUBLISHER.public, APPROVER.public})


def content(sequence: int, limit: int = 100, by: SigningKey | None = PUBLISHER) -> bytes:
    """Return a bundle of one rule."""
    files = rule_files(rule_file(f"amount_usd > {limit}"))
    return pack(files, draft(build_ruleset(files).version), sequence, by)


class Setup:
    """A topic as a list, and the watch of a worker that can be started anew."""

    def __init__(self, folder: Path, *, needs_approval: bool = False, with_log: bool = True) -> None:
        self.topic: list[Message] = []
        self.log = AuditLog(folder / "audit.jsonl")
        self._trust = Trust(KEYS, needs_approval)
        self._record = RuleRecord("worker", self.log if with_log else None)
        self.restart()

    def restart(self) -> None:
        """Begin as a new process."""
        self._read = 0
        self.gate = Gate("t", self._trust, self._record)
        self.watch = BundleTopicWatch("t", self.news, self.gate)

    def news(self) -> list[Message]:
        """Return what has come."""
        at, self._read = self._read, len(self.topic)
        return self.topic[at:]

    def send(self, sequence: int, value: bytes | None, kind: str = BUNDLE) -> None:
        """Send a message."""
        self.topic.append((key_of(kind, sequence), value))

    def start(self) -> int | None:
        """Take what is there to begin with; return its sequence."""
        self.gate.take(build_ruleset(self.watch.first()))
        return self.gate.bundle

    def look(self) -> int | None:
        """Look once; return the sequence that was taken, None where nothing was."""
        files = self.watch.changed()
        if files is None:
            return None
        self.gate.take(build_ruleset(files))
        return self.gate.bundle

    def refusal(self, look: Callable[[], object]) -> str:
        """Return reason and words of a refusal, and note it as the worker does."""
        with pytest.raises(BundleError) as caught:
            look()
        assert "\n" not in str(caught.value)
        self.gate.refused(caught.value.reason, str(caught.value))
        return f"{caught.value.reason}: {caught.value}"


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    """Return a worker that began with bundle 2 of two."""
    made = Setup(tmp_path)
    made.send(1, content(1))
    made.send(2, content(2))
    assert made.start() == 2
    return made


def test_an_empty_topic_says_what_to_do(tmp_path: Path) -> None:
    """There is nothing to begin with, and tombstones alone are nothing."""
    setup = Setup(tmp_path)
    setup.send(1, content(1))
    setup.send(1, None)
    assert setup.refusal(setup.watch.first) == (
        "unreadable: t: there is no bundle on the topic yet: "
        "publish one by `fraudstream rules publish`, and start again"
    )


def test_bundles_are_taken_as_they_come(setup: Setup) -> None:
    """Two between two looks are two loads, and the same bundle again is nothing new."""
    setup.send(3, content(3, 200))
    setup.send(4, content(4, 300))
    setup.send(4, content(4, 300))
    assert [setup.look() for _ in range(4)] == [3, 4, None, None]
    loads = [(each.event, each.details["sequence"]) for each in setup.log.entries()]
    assert loads == [("load", 2), ("load", 3), ("load", 4)]


@pytest.mark.parametrize(
    ("sequence", "value", "told"),
    [
        (3, content(3, by=None), "unsigned: t bundle:00000003: nobody has signed bundle 3"),
        (3, content(3, by=STRANGER), "wrong_key: t bundle:00000003: bundle 3, ruleset "),
        (3, content(3).replace(b"> 100", b"> 900"), "tampered: t bundle:00000003: x/0.yml is not what"),
        (1, content(1, 200), "stale: t bundle:00000001: bundle 1, ruleset "),
        (2, content(2, 200), "stale: t bundle:00000002: bundle 2, ruleset "),
        (9, content(1), "tampered: t bundle:00000009: its key is not that of bundle 1, ruleset "),
        (3, b"", "unreadable: t bundle:00000003: is no bundle"),
    ],
)
def test_what_is_not_right_is_refused_once(setup: Setup, sequence: int, value: bytes, told: str) -> None:
    """The next one is taken all the same."""
    setup.send(sequence, value)
    assert setup.refusal(setup.look).startswith(told)
    assert setup.look() is None
    setup.send(10, content(10, 200))
    assert setup.look() == 10


def test_a_message_of_somebody_else_is_told(setup: Setup) -> None:
    """Nobody publishes under such a key; one that is taken away is none."""
    setup.topic += [(b"bundle:3", b"x"), (None, b"y"), (b"bundle:3", None)]
    assert setup.refusal(setup.look) == (
        "unreadable: t: the message with the key b'bundle:3' is no bundle: look who can write there"
    )
    assert "the key None" in setup.refusal(setup.look)
    assert setup.look() is None


def test_an_approval_comes_later(tmp_path: Path) -> None:
    """Until then the bundle is refused, and a worker that starts begins with the one before."""
    setup = Setup(tmp_path, needs_approval=True)
    setup.send(1, content(1))
    assert setup.refusal(setup.watch.first).startswith("unapproved: t bundle:00000001: nobody has approved")
    setup.send(1, approval(content(1)), APPROVAL)
    setup.restart()
    assert setup.start() == 1
    setup.send(2, content(2, 200))
    assert setup.refusal(setup.look).startswith("unapproved: ")
    setup.restart()
    assert setup.start() == 1
    assert setup.refusal(setup.look).startswith("unapproved: t bundle:00000002: ")
    setup.send(2, approval(content(1)), APPROVAL)
    assert setup.refusal(setup.look).startswith("unapproved: t approval:00000002: the approval is of another")
    setup.send(2, approval(content(2, 200)), APPROVAL)
    assert setup.look() == 2
    assert setup.log.entries()[-1].details["approver"] == "Bob"


def test_a_start_takes_the_newest_that_it_may(setup: Setup) -> None:
    """What is newer and refused is told at the first looks, in the order of the sequences."""
    setup.send(4, b"x")
    setup.send(3, content(3, 200, by=None))
    setup.send(1, content(1, 300))
    setup.restart()
    assert setup.start() == 2
    assert setup.refusal(setup.look).startswith("unsigned: ")
    assert setup.refusal(setup.look).startswith("unreadable: ")
    assert setup.look() is None


def test_an_older_bundle_is_not_taken_after_a_restart(setup: Setup) -> None:
    """The log remembers what was in force where somebody has taken the newest off the topic."""
    setup.send(2, None)
    assert setup.look() is None
    setup.restart()
    assert setup.refusal(setup.watch.first).startswith("stale: t bundle:00000001: bundle 1, ruleset ")
    forgetful = Setup(setup.log.path.parent, with_log=False)
    forgetful.topic = setup.topic
    assert forgetful.start() == 1
