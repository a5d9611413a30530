"""Few different values, so that what is drawn meets: keys, times, amounts, and constants next to them."""

from __future__ import annotations

from datetime import UTC, date, datetime

from tests.oracle.language import DAY_US, SECOND_US
from tests.oracle.messages import EPOCH

PARTIES = ("a", "b", "c")
MCCS = ("5944", "6011")
CHANNELS = ("pos", "atm")
CURRENCIES = ("USD", "EUR", "JPY")
PURPOSES = ("rent", "Rent of A", "STRASSE", "straße 5")
KEYS = ("debtor.id", "creditor.id", "card.id")
LISTS = ("watched", "trusted")
HOLIDAYS = "holidays"
ZONES = (None, "Asia/Shanghai", "America/New_York", "Asia/Kolkata")
PATTERNS = ("^rent", "a$", "r.nt", "^str.*[0-9]$", "^[ab]$", "(of|to) a")
LATITUDES = (52.5, 48.1, -33.9, 90)
LONGITUDES = (13.4, 11.6, 151.2, -180)

SPANS_S = (1, 2, 5, 10, 30, 60)
"""Windows, durations and suppression times in seconds; the steps of time hit and miss their edges."""
QUIET_S = (30, 10, 2, 5, 60, 600, 3600)
"""How long a key is quiet."""
LONG_SPANS_S = (61, 64, 100, 640, 1000)
"""Windows beyond those that are exact."""
EXACT_S = 60
OFFSETS_S = (1, 2, 10)
STEPS_S = (0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 5, 5, 10, 30, 60, 1800)
DENSE_STEPS_S = (0, 1, 1, 2, 5, 5, 10, 30, 120)
BEHIND_S = (0, 0, 0, 0, 0, 1, 2, 5, 6, 12, 60, 200)
LATENESS_S = (5, 0, 1, 30)
AHEAD_US = 10 * SECOND_US
APPENDED_AFTER_US = (*(0,) * 38, SECOND_US, None, -AHEAD_US, -AHEAD_US, -AHEAD_US - 1, -DAY_US)
"""How long after its event a message is appended, None where it is not known: ahead at most, and by more."""
LEAPS_US = (3_600 * SECOND_US, DAY_US, 400 * DAY_US, 400 * DAY_US + 1)

AMOUNTS = (0, 1, 2, 5, 9.5, 10, 1.13, 20, 1_000_000, "1.13", "7")
CONSTANTS = ("0", "1", "2", "3", "5", "0.5", "2.5")
MONEY_CONSTANTS = ("1", "0", "5", "9.5", "10", "1.13", "20", "30")
POINTS = (0, 1, 2, 3, -2, 1000)
LEVELS = (0, 0.5, -0.5, 1, 2.5, 0.1, 0.3)
UNEVEN = ("0.4173", "1.0371", "3.3019")
"""Limits that no root of small numbers equals."""

START = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
START_US = (START - EPOCH).days * DAY_US + (START - EPOCH).seconds * SECOND_US
FAR = ("0.7", "300.3", "510.9", "9000.1", "77777.7")
"""Distances in km, and speeds in km/h, that no two places and times have."""
DAYS = (date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3))
