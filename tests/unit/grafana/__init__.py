"""Tests of what is built for Grafana."""
