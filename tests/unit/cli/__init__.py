"""Unit tests of fraudstream.cli."""
