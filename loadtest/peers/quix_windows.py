"""A Quix Streams app that counts and sums each debtor's payments in five windows, on its RocksDB state.

What it does less than a fraudstream worker stands in this directory's README.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from quixstreams import Application, message_context

from loadtest.peers.faust_per_event import AMOUNT_MIN, LIMITS, STEPS, WINDOWS_S

GRACE_S = 3_600
"""How late a payment may come and still be counted."""
Totals = list[float]
"""How many payments, their sum, and the amount and the time in milliseconds of the latest."""


def build_app(
    bootstrap: str, group: str, input_topic: str, alert_topic: str, windows: str, folder: Path
) -> Application:
    """Return the app, its five windows branching off one stream, `sliding` or `hopping`."""
    app = Application(
        broker_address=bootstrap,
        consumer_group=group,
        auto_offset_reset="earliest",
        state_dir=folder,
        loglevel="WARNING",
        # Without changelog topics a window costs a write less; state is then lost with the disk.
        use_changelog_topics=False,
        on_consumer_error=_skip_what_is_no_json,
        consumer_extra_config={"max.partition.fetch.bytes": 4 * 2**20},
        producer_extra_config={"linger.ms": 10, "batch.size": 2**18},
    )
    alerts = app.topic(alert_topic)
    payments = app.dataframe(app.topic(input_topic, timestamp_extractor=_time_ms))
    # On a topic of one partition this re-keys in place, without a topic between.
    payments = payments.filter(_is_payment).apply(_payment, metadata=True).group_by("debtor")
    for name, seconds in WINDOWS_S.items():
        totals = _window(payments, name, seconds, windows).reduce(_add, _first).current()
        over = totals.filter(_over_limits(name, seconds))
        over.set_headers(_source_offset).to_topic(alerts)
    return app


def _skip_what_is_no_json(error: Exception, message: Any, logger: Any) -> bool:
    return True


def _time_ms(value: Any, headers: Any, timestamp: float, timestamp_type: Any) -> int:
    """Return the event time; that of the append for what is no event."""
    try:
        return int(datetime.fromisoformat(value["occurred_at"]).timestamp() * 1000)
    except (ValueError, KeyError, TypeError):
        return int(timestamp)


def _is_payment(value: Any) -> bool:
    try:
        return bool(value["amount"] >= 0 and value["debtor"]["id"])
    except (KeyError, TypeError):
        return False


def _payment(value: Any, key: Any, timestamp_ms: int, headers: Any) -> dict[str, Any]:
    return {"debtor": value["debtor"]["id"], "amount": value["amount"], "time_ms": timestamp_ms}


def _window(payments: Any, name: str, seconds: int, windows: str) -> Any:
    options = {"grace_ms": GRACE_S * 1000, "name": f"debtor-{name}", "on_late": _say_nothing}
    if windows == "sliding":
        return payments.sliding_window(seconds * 1000, **options)
    return payments.hopping_window(seconds * 1000, step_ms=seconds * 1000 // STEPS, **options)


def _say_nothing(*late: Any, **more: Any) -> bool:
    return False


def _first(payment: Any) -> Totals:
    return [1, payment["amount"], payment["amount"], payment["time_ms"]]


def _add(totals: Totals, payment: Any) -> Totals:
    return [totals[0] + 1, totals[1] + payment["amount"], payment["amount"], payment["time_ms"]]


def _over_limits(name: str, seconds: int) -> Callable[[Any], bool]:
    """Return the condition on a window's result; of hopping windows that overlap only the fullest counts."""
    count_min, sum_min = LIMITS[name]
    step_ms = seconds * 1000 // STEPS

    def over(window: Any) -> bool:
        count, total, amount, time_ms = window["value"]
        fullest = window["end"] - time_ms <= step_ms
        return bool(fullest and count >= count_min and total >= sum_min and amount >= AMOUNT_MIN)

    return over


def _source_offset(value: Any, key: Any, timestamp_ms: int, headers: Any) -> list[tuple[str, str]]:
    return [("source_offset", str(message_context().offset))]


def main() -> None:
    """Run the app until it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("--kafka", "--group", "--input", "--alerts"):
        parser.add_argument(option, required=True)
    parser.add_argument("--windows", choices=("sliding", "hopping"), required=True)
    parser.add_argument("--folder", type=Path, required=True, help="of the RocksDB state")
    asked = parser.parse_args()
    build_app(asked.kafka, asked.group, asked.input, asked.alerts, asked.windows, asked.folder).run()


if __name__ == "__main__":
    main()
