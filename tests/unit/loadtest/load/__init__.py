"""Profiles, streams, checks and reports of `make load`."""
