"""Unit tests of fraudstream.engine."""
