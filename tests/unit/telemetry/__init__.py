"""Unit tests of fraudstream.telemetry."""
