"""Tests of the rule pack in `rules/`."""
