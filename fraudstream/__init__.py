"""Real-time detection of payment fraud and money laundering: one fold over an ordered log of events."""

from fraudstream.kernel_cache import set_up_numba

__version__ = "0.1.0"

set_up_numba()
