"""The repository holds to its own habits."""
