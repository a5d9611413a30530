"""Real-time detection of payment fraud and money laundering: one fold over an ordered log of events."""

__version__ = "0.1.0"
