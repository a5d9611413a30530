"""A stock Faust app that counts and sums each debtor's payments in five windows, one event at a time."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import faust
import orjson
import uvloop

WINDOWS_S = {"10m": 600, "1h": 3_600, "6h": 21_600, "24h": 86_400, "7d": 604_800}
LIMITS = {"10m": (2, 400), "1h": (3, 500), "6h": (4, 700), "24h": (6, 1_000), "7d": (20, 4_000)}
"""From so many payments with such a sum on, in the payments' own currency, a window is over its limits."""
AMOUNT_MIN = 150

STEPS = 4
"""Panes by which a hopping window moves on: the coarsest that can still be called sliding."""
Totals = Sequence[float]
"""How many payments, and their sum."""


class _Moment:
    """The event time of the payment at hand, in seconds since 1970 UTC: the one that tables go by."""

    seconds = 0.0

    def __call__(self, event: Any = None) -> float:
        return self.seconds


def build_app(
    bootstrap: str, group: str, input_topic: str, alert_topic: str, windows: str, folder: Path
) -> faust.App:
    """Return the app, with those of Faust's settings that make it fastest."""
    app = faust.App(
        group,
        broker=f"kafka://{bootstrap}",
        store="memory://",
        datadir=folder,
        autodiscover=False,
        web_enabled=False,
        topic_partitions=1,
        topic_replication_factor=1,
        topic_disable_leader=True,
        table_standby_replicas=0,
        broker_session_timeout=6.0,
        broker_heartbeat_interval=1.5,
        broker_max_poll_records=5_000,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=4 * 2**20,
        producer_linger=0.01,
        producer_max_batch_size=2**18,
    )
    alerts = app.topic(alert_topic, value_serializer="raw")
    moment = _Moment()
    tables = {name: _table(app, name, seconds, moment, windows) for name, seconds in WINDOWS_S.items()}

    async def judge(stream: Any) -> None:
        async for event in stream.events():
            payment = _payment(event.value)
            if payment is None:
                continue
            moment.seconds = payment["occurred_at_s"]
            over = _over_limits(tables, payment["debtor"]["id"], payment["amount"])
            if over and payment["amount"] >= AMOUNT_MIN:
                await alerts.send(
                    value=orjson.dumps({"action": "review", "windows": over, "event": payment}),
                    headers={"source_offset": b"%d" % event.message.offset},
                )

    app.agent(app.topic(input_topic, value_serializer="raw"))(judge)
    return app


def _table(app: faust.App, name: str, seconds: int, moment: _Moment, windows: str) -> Any:
    table = app.Table(f"debtor-{name}", default=lambda: (0, 0.0), partitions=1)
    if windows == "tumbling":
        return table.tumbling(seconds, expires=seconds).relative_to(moment)
    return table.hopping(seconds, step=seconds / STEPS, expires=seconds).relative_to(moment)


def _over_limits(tables: dict[str, Any], debtor: str, amount: float) -> dict[str, Totals]:
    """Count a payment in every window, and return the totals of those that are over their limits."""
    over = {}
    for name, table in tables.items():
        window = table[debtor]
        window.apply(_add, (1, amount))
        totals = window.value()
        if totals[0] >= LIMITS[name][0] and totals[1] >= LIMITS[name][1]:
            over[name] = totals
    return over


def _add(totals: Totals, payment: Totals) -> Totals:
    return totals[0] + payment[0], totals[1] + payment[1]


def _payment(value: bytes) -> dict[str, Any] | None:
    """Return the payment of a message, its time in seconds added; None for what is no payment."""
    try:
        payment: dict[str, Any] = orjson.loads(value)
        payment["occurred_at_s"] = datetime.fromisoformat(payment["occurred_at"]).timestamp()
        complete = payment["amount"] >= 0 and payment["debtor"]["id"]
    except (ValueError, KeyError, TypeError):
        return None
    return payment if complete else None


def main() -> None:
    """Run the app until it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("--kafka", "--group", "--input", "--alerts"):
        parser.add_argument(option, required=True)
    parser.add_argument("--windows", choices=("hopping", "tumbling"), default="hopping")
    parser.add_argument("--folder", type=Path, required=True, help="of what Faust writes on the disk")
    asked = parser.parse_args()
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    app = build_app(asked.kafka, asked.group, asked.input, asked.alerts, asked.windows, asked.folder)
    faust.Worker(app, loglevel="WARNING", quiet=True).execute_from_commandline()


if __name__ == "__main__":
    main()
