"""Unit tests of fraudstream.rules."""
