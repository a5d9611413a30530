"""Tests of the stream room that need no broker."""
