"""Unit tests of fraudstream.events."""
