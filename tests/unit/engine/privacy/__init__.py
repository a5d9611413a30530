"""Unit tests of fraudstream.engine.privacy."""
