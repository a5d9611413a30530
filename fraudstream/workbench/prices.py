"""What events are worth in the base currency of a ruleset, by its dated rates."""

from __future__ import annotations

from bisect import bisect_right

from fraudstream.events.batch import EventBatch
from fraudstream.events.rates import RateTable, converted


class Prices:
    """Converts single events as `amount_<base>` of the rule language does; few events are asked about."""

    def __init__(self, rates: RateTable) -> None:
        self.currency = rates.base
        currencies = sorted(rates.currencies)
        self._days_us = rates.days_us
        self._place = {code: place for place, code in enumerate(currencies)}
        self._ratios = rates.ratios(currencies, rates.base)

    def minor(self, batch: EventBatch, event: int) -> int | None:
        """Return an event's amount in minor units, None where it has none or there is no rate."""
        amounts, currency = batch.number("amount"), batch.text("currency", event)
        place = self._place.get(currency or "")
        if not amounts.present[event] or place is None:
            return None
        day = max(0, bisect_right(self._days_us, int(batch.time_us[event])) - 1)
        ratio = float(self._ratios[day, place])
        minor, fits = converted(int(amounts.values[event]), ratio)
        return minor if fits else None
