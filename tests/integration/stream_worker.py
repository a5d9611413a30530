"""A worker with a fake engine, run as a process of its own so that it can be signalled and killed.

    python -m tests.integration.stream_worker BOOTSTRAP PREFIX PARTITIONS STEP_SECONDS RECEIPT_SECONDS

When it stops in order, standard output is a JSON object with what happened.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Sequence
from typing import Any

from fraudstream.stream import transport
from fraudstream.stream.batch import Batch
from fraudstream.stream.ledger import Ledger
from fraudstream.stream.producer import BatchProducer, Outgoing
from fraudstream.stream.worker import run_worker
from tests.unit.stream.fakes import FakeEngine, FakeObserver, topology


class WatchedLedger(Ledger):
    """A ledger that remembers the most batches it ever held."""

    most_open = 0

    def open(self, batch: Batch) -> None:
        """Let in a batch and take note."""
        super().open(batch)
        WatchedLedger.most_open = max(WatchedLedger.most_open, self.batches_open)


class LateProducer(BatchProducer):
    """A producer whose broker seems to take longer for its receipts."""

    receipt_seconds = 0.0

    async def submit(self, messages: Sequence[Outgoing]) -> list[Awaitable[Any]]:
        """Hand messages over for sending."""
        return [*await super().submit(messages), asyncio.sleep(self.receipt_seconds)]


def main(bootstrap: str, prefix: str, partitions: str, step_seconds: str, receipt_seconds: str) -> int:
    """Run the worker and print what it saw; return its exit code."""
    vars(transport)["Ledger"] = WatchedLedger
    LateProducer.receipt_seconds = float(receipt_seconds)
    transport.BatchTransport.Producer = LateProducer
    engine, observer = FakeEngine(float(step_seconds)), FakeObserver()
    code = run_worker(topology(bootstrap, prefix, int(partitions)), engine.as_engine(), observer)
    summary = {
        "judged": len(engine.seen),
        "batches": len(observer.events),
        "events": sum(observer.events),
        "errors": observer.errors,
        "lags": observer.lags,
        "most_open": WatchedLedger.most_open,
    }
    print(json.dumps(summary))
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
