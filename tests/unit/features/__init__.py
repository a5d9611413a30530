"""Unit tests of fraudstream.features."""
