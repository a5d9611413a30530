"""Unit tests of fraudstream.stores."""
