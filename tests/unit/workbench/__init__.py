"""Unit tests of fraudstream.workbench."""
