"""A seeded simulator of workers, their log and their disk."""
