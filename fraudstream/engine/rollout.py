"""For whom a live rule with a rollout is live: a share of the entities that only its percentage changes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from fraudstream.events.batch import EventBatch
from fraudstream.rules.schema import RuleSpec, Status

BUCKETS = 100


def bucket(rule_id: str, texts: Sequence[str]) -> int:
    """Return the bucket of an entity under a rule, 0 to 99, by the texts of its columns.

    SHA-256 of the rule's id and the texts, in UTF-8 and joined by zero bytes; its first eight bytes as a
    big-endian number, modulo 100. The rule's version has no part in it, so that whom a smaller percentage
    held a larger one holds too; its id has, so that it is not always the same entities who come first.
    """
    digest = hashlib.sha256("\0".join((rule_id, *texts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") % BUCKETS


def bucket_of(spec: RuleSpec, batch: EventBatch, event: int) -> int | None:
    """Return the bucket of an event's entity; None where the rule has no rollout, or the event no entity."""
    if spec.rollout is None:
        return None
    texts = [batch.text(column, event) for column in spec.rollout.by]
    known = [text for text in texts if text is not None]
    return bucket(spec.id, known) if len(known) == len(texts) else None


def is_live(spec: RuleSpec, batch: EventBatch, event: int) -> bool:
    """Tell whether a rule acts on an event; one that runs and does not is shadow for it."""
    if spec.status is not Status.LIVE or spec.rollout is None:
        return spec.status is Status.LIVE
    found = bucket_of(spec, batch, event)
    return found is not None and found < spec.rollout.percent
