"""Tests of the generated traffic."""
