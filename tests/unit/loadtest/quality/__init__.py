"""Tests of loadtest/quality."""
