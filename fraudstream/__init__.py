"""Real-time detection of payment fraud and money laundering: one fold over an ordered log of events."""

from fraudstream.kernel_cache import use_own_cache

__version__ = "0.1.0"

use_own_cache()
