"""Tests that need a Kafka broker."""
