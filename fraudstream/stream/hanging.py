"""Ends transactions that nobody can end any more.

Seen on Apache Kafka 4.4: a produce request of a fenced producer that a frozen broker had in its queue begins
a transaction of which the coordinator knows nothing. Until somebody ends it, readers of committed records
stand still behind it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kafka import TopicPartition
from kafka.admin import AbortTransactionSpec

from fraudstream.stream.admin import connected

if TYPE_CHECKING:
    from fraudstream.config import Topology

log = logging.getLogger(__name__)


def end_hanging_transactions(topology: Topology, transactional_id: str, topics: Sequence[str]) -> None:
    """Abort what earlier owners of a transactional id left open in some topics; BrokerError on failure.

    Called by the owner once it has fenced them. It may itself be superseded by then: an open transaction of
    the newest epoch is the heir's, whose messages would be lost without a word.
    """
    with connected(topology) as admin:
        newest = admin.describe_transactions([transactional_id])[transactional_id]
        places = [
            TopicPartition(topic["name"], each["partition_index"])
            for topic in admin.describe_topics(list(topics))
            for each in topic["partitions"]
        ]
        for place, state in admin.describe_producers(places).items():
            for each in state.active_producers:
                is_earlier = (
                    each.producer_id == newest.producer_id and each.producer_epoch < newest.producer_epoch
                )
                if is_earlier and each.current_transaction_start_offset >= 0:
                    epochs = each.producer_epoch, each.coordinator_epoch
                    admin.abort_transaction(AbortTransactionSpec(place, each.producer_id, *epochs))
                    log.warning("a hanging transaction of an earlier owner in %s is ended", place)
