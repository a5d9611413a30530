"""Notices what comes on a topic of bundles, and takes only what the gate admits."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping

from fraudstream.stores.bundles.bundle import Bundle
from fraudstream.stores.bundles.errors import TAMPERED, UNREADABLE, BundleError
from fraudstream.stores.bundles.gate import Gate
from fraudstream.stores.bundles.messages import Message, MessageOffer, Messages, Stray


class BundleTopicWatch:
    """Looks at a topic again and again; `read` returns the messages that have come since the last look.

    Each change is judged once, in the order in which they came, one a look. What is newer than the bundle
    that a worker begins with is judged at its first looks: that is where refusals are told and counted.
    """

    def __init__(self, topic: str, read: Callable[[], Iterable[Message]], gate: Gate) -> None:
        self._messages = Messages(topic)
        self._read = read
        self._gate = gate
        self._to_judge: deque[int | Stray] = deque()

    def first(self) -> Mapping[str, bytes]:
        """Return the files of the newest bundle that is admitted; BundleError where none is.

        It names why the newest of all is refused.
        """
        self._messages.take(self._read())
        sequences = self._messages.sequences()
        if not sequences:
            what = "there is no bundle on the topic yet"
            remedy = "publish one by `fraudstream rules publish`, and start again"
            raise BundleError(UNREADABLE, self._messages.topic, what, remedy)
        for sequence in reversed(sequences):
            try:
                files = self._admitted(sequence).files
            except BundleError:
                self._to_judge.appendleft(sequence)
            else:
                self._messages.forget(sequence)
                return files
        # It is refused once more, in so many words.
        return self._admitted(sequences[-1]).files

    def changed(self) -> Mapping[str, bytes] | None:
        """Return all files of a new bundle that may be taken, None where nothing is new.

        BundleError where it may not.
        """
        for each in self._messages.take(self._read()):
            if each not in self._to_judge:
                self._to_judge.append(each)
        if not self._to_judge:
            return None
        each = self._to_judge.popleft()
        if isinstance(each, Stray):
            raise each.refusal()
        offer = self._messages.offer(each)
        if offer is None or self._gate.is_in_force(self._published(offer)):
            return None
        files = self._admitted(each).files
        self._messages.forget(each)
        return files

    def _admitted(self, sequence: int) -> Bundle:
        offer = self._messages.offer(sequence)
        assert offer is not None
        return self._gate.admitted(self._published(offer), offer)

    def _published(self, offer: MessageOffer) -> Bundle:
        bundle = self._gate.published(offer)
        # Else an old bundle under a new key would pass for the newest.
        if bundle.manifest.sequence != offer.sequence:
            what = f"its key is not that of {bundle}"
            raise BundleError(TAMPERED, offer.where, what, "look who can write there")
        return bundle
